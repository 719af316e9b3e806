import { render } from "solid-js/web";
render(() => <main>vpp-maglev</main>, document.getElementById("app")!);
