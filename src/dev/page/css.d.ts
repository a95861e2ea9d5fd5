/** Styles come as text (scripts/build.mjs) and go into a sheet of the page's own. */
declare module "*.css" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: what the bundler makes of a text file
  export default text;
}
