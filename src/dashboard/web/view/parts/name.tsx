/** A name from outside: hidden characters shown, its direction of writing kept to itself. */
import type { JSX } from "solid-js";
import { visible } from "../../model/format.ts";

export function Name(props: { readonly text: string }): JSX.Element {
  return <bdi>{visible(props.text)}</bdi>;
}
