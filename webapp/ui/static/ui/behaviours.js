// The page's one script. What it does is in bind.js, apart from it: behaviours import that too, and a module that
// still awaits them cannot be imported by them.
import { bindAll } from "./bind.js";

await bindAll(document);
document.documentElement.dataset.bound = "all"; // a press before this would fall on deaf ears
