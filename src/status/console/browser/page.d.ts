// The scripts for browsers, as this program sees them: their texts, which the build puts in (loader
// `text` in tools/build.mjs).

declare module '*.page.js' {
  const text: string
  export default text
}
