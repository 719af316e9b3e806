/** Starts the page. */
import { render } from "solid-js/web";
import { Page } from "./page.ts";
import { App } from "./view/app.tsx";

const page = new Page();
render(() => <App page={page} />, document.getElementById("app")!);
