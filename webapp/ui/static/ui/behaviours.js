// The page's one script. What it does is in bind.js, apart from it, as behaviours import that too.
import { bindAll } from "./bind.js";

// A press before this mark would fall on deaf ears; tests wait for it.
void bindAll(document).then(() => (document.documentElement.dataset.bound = "all"));
