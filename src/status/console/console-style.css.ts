// How the console looks beyond what all pages have: forms, the list of components, the last look.

export const CONSOLE_STYLE = `
[hidden]{display:none!important}
.alarm{border-left-color:var(--maj-bar);background:var(--maj-bg);color:var(--maj);font-weight:600}
section.card>h2:first-child{margin-top:0}.card>summary{padding:.15rem 0}.card>summary h3{display:inline;font-size:1.05rem}
form>p,form>div>p{margin:1rem 0}label{font-weight:600}
form>p>label,form>div>p>label,#key-none label{display:block;margin-bottom:.2rem}.soft{display:block}header .soft{display:inline}
input,select,textarea,button{font:inherit;color:inherit;max-width:100%}
input[type=text],input[type=search],input[type=datetime-local],select,textarea{background:var(--bg);border:1px solid var(--soft);border-radius:.4rem;padding:.5rem .6rem;min-height:2.75rem}
input[type=text],form>p>select,form>div>p>select,textarea{width:100%}textarea{resize:vertical;line-height:1.45}
input[type=checkbox]{width:1.15rem;height:1.15rem;vertical-align:-.2rem;margin:0 .3rem 0 0;accent-color:var(--link)}
button{background:var(--link);color:var(--card);border:1px solid var(--link);border-radius:.4rem;padding:.5rem 1rem;min-height:2.75rem;font-weight:600;cursor:pointer}
button.plain{background:none;color:var(--link);font-weight:400;padding:.35rem .75rem}button:disabled{opacity:.6;cursor:progress}
:is(input,select,textarea,button,.what,.choices,.raw pre):focus-visible{outline:3px solid var(--link);outline-offset:2px}
[aria-invalid]{border-color:var(--maj-bar)!important;border-width:2px!important}
fieldset{border:1px solid var(--line);border-radius:.5rem;padding:.5rem .9rem;margin:1rem 0;min-width:0}legend{font-weight:600;padding:0 .3rem}
.tools{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center}.tools input{margin-left:.3rem}
.choices{max-height:24rem;overflow:auto;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,18rem),1fr));gap:.5rem}
.choices fieldset{margin:0;padding:.25rem .6rem}.choices label{display:flex;flex-wrap:wrap;align-items:center;gap:0 .35rem;font-weight:400;padding:.3rem 0}.choices .lv{margin-left:auto;font-size:.75rem}
dialog{background:var(--card);color:var(--ink);border:1px solid var(--line);border-radius:.75rem;padding:1.25rem;width:min(40rem,calc(100vw - 2rem));max-height:calc(100vh - 2rem)}
dialog::backdrop{background:rgb(0 0 0/.55)}dialog h2{margin-top:0}
dialog .what{max-height:50vh;overflow:auto;border-block:1px solid var(--line);padding:.5rem 0}dialog dl{margin:0}dialog dt{font-weight:600;margin-top:.5rem}dialog dd{margin:0;white-space:pre-wrap}
.raw pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--bg);border:1px solid var(--line);border-radius:.4rem;padding:.5rem;font-size:.85rem;max-height:24rem;overflow:auto;margin:.25rem 0}
.facts{display:flex;flex-wrap:wrap;gap:.15rem 1.5rem;margin:.4rem 0}.facts dt{display:inline;color:var(--soft)}.facts dd{display:inline;margin:0;overflow-wrap:anywhere}
form.card select{width:auto}form.card>p{margin:.25rem 0}td time{white-space:nowrap}@media (min-width:30.01rem){.narrow{display:none}}
@media (prefers-reduced-motion:no-preference){dialog[open]{animation:in .12s ease-out}@keyframes in{from{opacity:0}}}
`
