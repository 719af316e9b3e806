/** PURE. The events about the store of a fleet: a part of log_events.ts. */
import { event } from "./log_event.ts";

export const FLEET_EVENTS = {
  "fleet-store": event(
    "info warn",
    "fleet state err",
    "The store of the fleet is ok, away, foreign or suspect; the intents in force stay.",
    "Away: look at etcd. Foreign or suspect: `maglevc show fleet intents`, then `fleet restore` or `fleet forget`.",
  ),
  "fleet-rollout": event(
    "info warn",
    "id hash state wave waves message",
    "The fleet's rollout went a step further, or its value cannot be read (`ignored`).",
    "Refused: `maglevc show fleet` names the gate. Nothing is undone by itself: `fleet rollout revert`.",
  ),
  "fleet-intent-held": event(
    "warn",
    "id kind message",
    "An intent of the fleet is not obeyed here: held by the guard, or unfit for the configuration.",
    "Held: bring servers back, or request it again with `force`. Unfit: compare the files.",
  ),
  "fleet-write-settled": event(
    "warn",
    "id key result",
    "A request whose outcome was unknown is done, or is not done.",
    "When it is not done and still needed, request it again.",
  ),
  "fleet-book-stored": event("info", "folder", "The intents of the fleet are on disk again."),
  "fleet-book-not-stored": event(
    "error",
    "folder err",
    "The intents of the fleet would not survive a restart while the store is away.",
    "Repair the state directory; maglevd retries by itself.",
  ),
  "fleet-book-unusable": event(
    "warn",
    "file err kept",
    "The stored intents of the fleet cannot be used; `kept` is the copy. The store's count.",
  ),
};
