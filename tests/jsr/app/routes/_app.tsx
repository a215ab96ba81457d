import { asset } from "fresh/runtime";
import { define } from "../define.ts";

export default define.page(({ Component }) => (
  <html lang="en">
    <head>
      <title>Default title</title>
      <link rel="stylesheet" href={asset("/page.css")} />
    </head>
    <body>
      <Component />
    </body>
  </html>
));
