/** The refusal of a request for something that the configuration in force does not have. */
import { MaglevError } from "../../../base/errors.ts";
import { notFound } from "../../../base/nearest.ts";
import type { DaemonApi } from "../../calls/daemon_api.ts";

/** `not-found`; when the last reload was refused it names that, too: the file may have the name. */
export function missing(
  kind: "backend" | "frontend",
  name: string,
  { checker, config }: Pick<DaemonApi, "checker" | "config">,
): MaglevError {
  const { backends, frontends } = checker.current;
  const known = kind === "backend" ? backends.keys() : frontends.keys();
  const error = notFound(kind, name, known);
  const { refusal } = config.inForce();
  if (refusal === "") return error;
  const why = `the last reload was refused: ${refusal}; config check shows the errors`;
  return new MaglevError("not-found", `${error.message.replace(/\?$/, "")}; ${why}`);
}
