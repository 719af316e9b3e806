/** Cost of a process and its descendants, because some checkers are several processes. */

/** CPU time so far, in milliseconds. */
export interface CpuTime {
  /** User and system time; grain: a clock tick of 10 ms. */
  readonly ticksMs: number;
  /** The scheduler's run time of the threads that live; fine grain, as a check of the other. */
  readonly runMs: number;
}

/** Memory in MiB. */
export interface Memory {
  /** Sum of each process's greatest resident size so far. */
  readonly peakRss: number;
  /** Sum of the present proportional sizes: shared pages are counted once. */
  readonly pss: number;
}

/** The process and its descendants, parents first; those that have ended are left out. */
export function processTree(root: number): readonly number[] {
  const found: number[] = [];
  const waiting = [root];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    found.push(pid);
    for (const thread of list(`/proc/${pid}/task`)) {
      const children = read(`/proc/${pid}/task/${thread}/children`) ?? "";
      waiting.push(...children.split(" ").filter((word) => word !== "").map(Number));
    }
  }
  return found;
}

export function treeCpu(root: number): CpuTime {
  let [ticks, runNs] = [0, 0];
  for (const pid of processTree(root)) {
    const stat = read(`/proc/${pid}/stat`) ?? "";
    // The second field, the name, may hold blanks; it ends with the last parenthesis.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // utime, stime and the same of children that have been waited for: proc(5).
    for (const field of fields.slice(11, 15)) ticks += Number(field);
    for (const thread of list(`/proc/${pid}/task`)) {
      runNs += Number(read(`/proc/${pid}/task/${thread}/schedstat`)?.split(" ")[0] ?? 0);
    }
  }
  return { ticksMs: 10 * ticks, runMs: runNs / 1e6 };
}

export function treeMemory(root: number): Memory {
  let [peakRss, pss] = [0, 0];
  for (const pid of processTree(root)) {
    peakRss += kibibytes(read(`/proc/${pid}/status`), /^VmHWM:\s+(\d+)/m);
    pss += kibibytes(read(`/proc/${pid}/smaps_rollup`), /^Pss:\s+(\d+)/m);
  }
  return { peakRss: peakRss / 1024, pss: pss / 1024 };
}

function kibibytes(text: string | undefined, pattern: RegExp): number {
  return Number(pattern.exec(text ?? "")?.[1] ?? 0);
}

/** A file of /proc; undefined when its process or thread has ended meanwhile. */
function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (ended(error)) return undefined;
    throw error;
  }
}

function list(path: string): readonly string[] {
  try {
    return [...Deno.readDirSync(path)].map(({ name }) => name);
  } catch (error) {
    if (ended(error)) return [];
    throw error;
  }
}

/** ENOENT on opening, ESRCH on reading. */
function ended(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    (error instanceof Error && "code" in error && error.code === "ESRCH");
}
