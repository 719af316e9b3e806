/** The buttons of a backend; each opens the confirmation. Absent where the page only shows. */
import { type JSX, Show } from "solid-js";
import type { BackendAction, Frontend, Pool, PoolBackend } from "../../../protocol.ts";
import { visible } from "../../model/format.ts";
import type { Lb } from "../../model/lb.ts";
import { usePage } from "../context.ts";

export function Actions(props: {
  readonly lb: Lb;
  readonly frontend: Frontend;
  readonly pool: Pool;
  readonly entry: PoolBackend;
}): JSX.Element {
  const page = usePage();
  const possible = (): readonly (BackendAction | "drain")[] => {
    page.track(props.lb.name, `b:${props.entry.name}`);
    const backend = props.lb.backends.get(props.entry.name);
    switch (backend?.state) {
      case "paused":
        return ["resume", "disable"];
      case "disabled":
        return ["enable"];
      default:
        return backend?.intent?.kind === "drain"
          ? ["enable", "pause", "disable"]
          : ["drain", "pause", "disable"];
    }
  };
  const button = (kind: BackendAction | "drain") => (
    <button
      type="button"
      disabled={!page.canAct(props.lb)}
      onClick={() => {
        const target = { lb: props.lb.name, backend: props.entry.name };
        page.setWish(
          kind === "drain"
            ? { kind, ...target, then: "disable", force: false }
            : { kind, ...target },
        );
      }}
    >
      {kind[0]!.toUpperCase()}
      {kind.slice(1)} …
    </button>
  );
  return (
    <Show when={page.admin}>
      <Show when={possible().includes("drain")}>{button("drain")}</Show>
      <Show when={possible().includes("pause")}>{button("pause")}</Show>
      <Show when={possible().includes("resume")}>{button("resume")}</Show>
      <Show when={possible().includes("disable")}>{button("disable")}</Show>
      <Show when={possible().includes("enable")}>{button("enable")}</Show>
      <button
        type="button"
        disabled={!page.canAct(props.lb)}
        onClick={() =>
          page.setWish({
            kind: "weight",
            lb: props.lb.name,
            backend: props.entry.name,
            frontend: props.frontend.name,
            pool: props.pool.name,
            weight: props.entry.weight,
          })}
      >
        Weight …
      </button>
      <WhyNot lb={props.lb} />
    </Show>
  );
}

/** Why no action is possible now; nothing when they are. */
export function WhyNot(props: { readonly lb: Lb }): JSX.Element {
  const page = usePage();
  const why = () => {
    page.track(props.lb.name, "status");
    if (page.canAct(props.lb)) return "";
    if (page.liveness().kind !== "live") return "No actions while the page is not live.";
    if (!props.lb.status.connected) return "No actions while maglevd does not answer.";
    return `This dashboard is only a viewer of ${visible(props.lb.name)}: give it --token-file.`;
  };
  return (
    <Show when={why() !== ""}>
      <span class="faint">{why()}</span>
    </Show>
  );
}
