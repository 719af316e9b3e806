/** PURE. The events about what operators did: a part of log_events.ts. */
import { event } from "./log_event.ts";

const INTENT =
  "intent scope frontend pool backend then weight peer identity reason since from until";
const SHARED = "id intent scope frontend pool backend weight via peer identity reason";

export const OPERATOR_EVENTS = {
  "operator-action": event(
    "info",
    "method backend scope then force id on frontend pool weight plan hash waves moves removes bake step from until peer identity reason result err before after",
    "A call that changes something, allowed or refused.",
  ),
  "operator-actions-refused": event(
    "warn",
    "count method peer result err",
    "The number of refused calls without a record of their own; the other fields are of the last.",
    "Look who calls: it lacks a token, or has an old one. `--grpc-anonymous-role none` refuses reads too.",
  ),
  "operator-intent-restored": event("info", INTENT, "A pause, disable, drain or weight survived."),
  "operator-intent-expired": event(
    "info",
    INTENT,
    "A pause, disable, drain or weight reached its end.",
  ),
  "operator-drain-done": event(
    "info",
    `${INTENT} message`,
    "A drain ended before its time: VPP counts no flow of the server, or sent it no packet for long.",
  ),
  "operator-intent-begun": event(
    "info",
    INTENT,
    "A scheduled pause, disable, drain or weight began.",
  ),
  "operator-intent-waiting": event(
    "info",
    `${INTENT} message`,
    "A scheduled drain waits: it would take a frontend's last server with a weight, or no check decided.",
    "Bring another server back, or cancel the drain (`maglevc show intents`).",
  ),
  "operator-intent-dropped": event(
    "warn",
    `${INTENT} message`,
    "A pause, disable or weight ended because of the file or its age.",
    "Request it again if it is still needed.",
  ),
  "operator-shared-obeyed": event(
    "info",
    SHARED,
    "This load balancer obeys an intent of its fleet; `via` took the request.",
  ),
  "operator-shared-ended": event(
    "info",
    SHARED,
    "An intent of the fleet ended here, or a newer one replaced it.",
  ),
  "operator-intent-not-stored": event(
    "error",
    "folder err",
    "Operators' changes are in force, and would not survive a restart.",
    "Repair the state directory; maglevd retries by itself.",
  ),
  "operator-intent-stored": event("info", "folder", "They are on disk again."),
  "operator-intent-file-unusable": event(
    "warn",
    "file err kept",
    "The state file cannot be used; `kept` is its copy.",
    "Request what was in it again.",
  ),
};
