/** Hands the page to its components. */
import { createContext, useContext } from "solid-js";
import type { Page } from "../page.ts";

export const PageContext = createContext<Page>();

export function usePage(): Page {
  return useContext(PageContext)!;
}
