// Shared by routes and an island, so the bundler must take the helper from "fresh" and leave the server out.
import { createDefine } from "fresh";

export const define = createDefine<{ user?: string }>();
export const greeting = (name: string) => `Hello, ${name}`;
