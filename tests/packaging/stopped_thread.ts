/** Stops one thread of a process, which signals cannot do: they stop all of it. */

/** Requests of ptrace(2). */
const SEIZE = 0x4206n;
const INTERRUPT = 0x4207n;
const DETACH = 17n;

/** Threads of a process by name. */
export async function threadsOf(pid: number, name: RegExp): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const { name: id } of Deno.readDir(`/proc/${pid}/task`)) {
    const comm = await Deno.readTextFile(`/proc/${pid}/task/${id}/comm`);
    if (name.test(comm.trim())) found.push(Number(id));
  }
  return found;
}

/** Stops the thread until the result is disposed of. */
export function stopThread(id: number): Disposable {
  const libc = Deno.dlopen("libc.so.6", {
    ptrace: { parameters: ["i64", "i64", "usize", "usize"], result: "i64" },
  });
  const ptrace = (request: bigint) => libc.symbols.ptrace(request, BigInt(id), 0n, 0n);
  if (ptrace(SEIZE) !== 0n || ptrace(INTERRUPT) !== 0n) {
    libc.close();
    throw new Error(`cannot stop thread ${id}: ptrace refuses`);
  }
  return {
    [Symbol.dispose]() {
      ptrace(DETACH);
      libc.close();
    },
  };
}
