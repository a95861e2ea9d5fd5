import { render } from "preact";
import { App } from "./app.js";
import styles from "./page.css";

// A sheet that a program makes needs no exception from the policy of the page.
const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);
document.adoptedStyleSheets = [sheet];
const root = document.getElementById("page");
if (root !== null) render(<App />, root);
