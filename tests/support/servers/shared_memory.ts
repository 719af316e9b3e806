/** Shared memory as VPP's stats segment lives in: written by a test, read as the daemon does. */
import { openShim } from "../../../ffi/open.ts";
import { OpenFile } from "../../../src/vpp/stats/segment_file.ts";

export interface SharedMemory {
  readonly file: OpenFile;
  /** True when resize() made it shorter since the last write of all of it. */
  readonly wasCut: boolean;
  write(offset: number, bytes: Uint8Array): void;
  resize(size: number): void;
  close(): void;
}

export function sharedMemory(size: number): SharedMemory {
  const opened = openShim();
  if (opened.kind === "error") throw new Error(opened.message);
  const { shim } = opened;
  const { calls } = shim;
  const fd = calls.maglev_stats_create(size);
  if (fd < 0) throw new Error(`memfd: ${fd}`);
  const file = new OpenFile(shim, fd);
  let length = size;
  let wasCut = false;
  const check = (answer: number) => {
    if (answer !== 0) throw new Error(`shared memory: ${answer}`);
  };
  return {
    file,
    get wasCut() {
      return wasCut;
    },
    write(offset, bytes) {
      if (offset === 0 && bytes.length === length) wasCut = false;
      check(calls.maglev_stats_write(fd, offset, new Uint8Array(bytes), bytes.length));
    },
    resize(to) {
      wasCut ||= to < length;
      length = to;
      check(calls.maglev_stats_resize(fd, to));
    },
    close: () => file.close(),
  };
}
