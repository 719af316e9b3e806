/** Checks that this program may write the file of `maglev.announce`. */
import { WRITABLE_UNIT } from "../../base/permission.ts";
import type { Config } from "../../config/model.ts";

/** The reason why the file of `maglev.announce` cannot be written here; undefined: it can. */
export function announceProblem({ announce }: Pick<Config, "announce">): string | undefined {
  if (announce === undefined) return undefined;
  const { file } = announce;
  const folder = file.slice(0, file.lastIndexOf("/")) || "/";
  const granted = (["read", "write"] as const).every((name) =>
    Deno.permissions.querySync({ name, path: folder }).state === "granted"
  );
  if (!granted) {
    return `maglev.announce.file: cannot write ${file}: the program was started without that ` +
      `permission; add MAGLEV_WRITE_PATHS=${folder} to its environment (colons between several), ` +
      `${WRITABLE_UNIT}which needs a restart`;
  }
  return undefined;
}
