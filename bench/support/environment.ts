/** Environment of a benchmark. */
export interface Environment {
  readonly date: string;
  readonly deno: string;
  readonly os: string;
  readonly cpu: string;
  readonly cores: number;
  /** Load of the machine over the last minute; shows other work. */
  readonly load: number;
}

export function environment(): Environment {
  const cpu = Deno.readTextFileSync("/proc/cpuinfo");
  return {
    date: new Date().toISOString().slice(0, 10),
    deno: Deno.version.deno,
    os: `${Deno.build.os} ${Deno.osRelease()}`,
    cpu: /^model name\s*:\s*(.*)$/m.exec(cpu)?.[1] ?? "unknown",
    cores: navigator.hardwareConcurrency,
    load: Deno.loadavg()[0]!,
  };
}
