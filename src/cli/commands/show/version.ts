/** Versions of the server and of maglevc. */
import type { BuildInfo } from "../../../base/version.ts";
import { buildInfo } from "../../../system/launch/build.ts";
import type { Answer, CommandContext } from "../command.ts";
import type { Cell } from "../../render/model.ts";
import { answer, ask } from "../call.ts";
import { sinceCell } from "../cells.ts";

/** The JSON form is the server's message: `maglevc --version` has the client's. */
export async function showVersion(context: CommandContext): Promise<Answer> {
  const message = await ask(context, "GetVersion");
  const { version, commit, buildDate: date, startedUnixNs } = message;
  return answer("GetVersion", message, {
    view: [{
      kind: "fields",
      fields: [
        { label: "maglevc", value: buildCell(buildInfo()) },
        { label: "maglevd", value: buildCell({ version, commit, date }) },
        { label: "started", value: sinceCell(startedUnixNs, context.nowMs) },
      ],
    }],
  });
}

function buildCell({ version, commit, date }: BuildInfo): Cell {
  return { text: `${version} (commit ${commit}, date ${date})` };
}
