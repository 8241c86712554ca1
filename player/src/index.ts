// The bundle that pages load: defines <tele-vision>.

import { Television } from "./element.js";
import { enhancePage } from "./page.js";

if (!customElements.get("tele-vision")) {
  customElements.define("tele-vision", Television);
  enhancePage();
}
