import "./styles.css";
import "./ui/drawn";
import { render } from "preact";
import { App } from "./App";

render(<App />, document.getElementById("app")!);
