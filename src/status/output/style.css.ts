// How pages look. It stands in every page, so that a page is one request, looks the same as a saved or
// pushed file, and needs no second answer in a crowd; the page's policy allows it by its hash.
// Colours of text on their ground have a contrast of 4.5 or more, in light and dark.

export const STYLE = `
:root{color-scheme:light dark;--bg:#fbfbf9;--card:#fff;--ink:#1c1f23;--soft:#565d66;--line:#dcdfe3;--link:#0b5cad;
--ok:#17693a;--ok-bg:#e6f4ea;--ok-bar:#58a777;--unk:#4d535b;--unk-bg:#eceef1;--unk-bar:#9aa1aa;--rec:#12599c;--rec-bg:#e4effa;--rec-bar:#4f93d6;
--deg:#775000;--deg-bg:#fdf2d3;--deg-bar:#d99e1d;--part:#943d00;--part-bg:#fde7d8;--part-bar:#e5742b;--maj:#a3161c;--maj-bg:#fce4e4;--maj-bar:#cf2e34}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--card:#1b1f23;--ink:#e7e9ec;--soft:#a5adb7;--line:#343a41;--link:#7fb8f5;
--ok:#84d6a2;--ok-bg:#16301f;--ok-bar:#3f8a5c;--unk:#c0c6ce;--unk-bg:#2a2f35;--unk-bar:#6d747d;--rec:#92c5fb;--rec-bg:#162c42;--rec-bar:#4b8ecf;
--deg:#f1cb6d;--deg-bg:#352a0e;--deg-bar:#c99426;--part:#ffb184;--part-bg:#3b2214;--part-bar:#dd7331;--maj:#ff9d9d;--maj-bg:#431b1d;--maj-bar:#e0474d}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%;overflow-wrap:break-word}
body>*{max-width:60rem;margin-inline:auto;padding-inline:1rem}
a{color:var(--link)}a:focus-visible,summary:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-99rem}.skip:focus{position:static;display:block;padding:.5rem 1rem}
.vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
header{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;align-items:baseline;justify-content:space-between;padding-block:1.25rem .75rem}
.name{font-weight:650;font-size:1.05rem}header a{text-decoration:none;padding-block:.35rem;display:inline-block}
nav ul{display:flex;flex-wrap:wrap;gap:0 1.25rem;margin:0;padding:0;list-style:none}nav a[aria-current]{color:var(--ink);font-weight:600}
main{padding-bottom:1rem}
h1{font-size:clamp(1.4rem,1.1rem + 1.6vw,2rem);line-height:1.22;margin:.35rem 0 .6rem;text-wrap:balance;font-weight:680}
h2{font-size:1.2rem;margin:2.5rem 0 .75rem;font-weight:650}h3{font-size:1rem;margin:0;font-weight:650}
p{margin:.4rem 0}small,.soft{color:var(--soft);font-size:.875rem}
.now,.card{border:1px solid var(--line);border-radius:.75rem;background:var(--card);padding:1rem 1.15rem;margin-bottom:1rem}
.now{border-left:.5rem solid var(--bar);padding:1.25rem 1.25rem 1rem}
.now dl{margin:.75rem 0}.now dt{font-weight:650;margin-top:.6rem}.now dd{margin:.1rem 0 0}
.note{border:1px solid var(--line);border-left:.5rem solid var(--unk-bar);border-radius:.5rem;padding:.6rem .9rem;margin:0 0 1rem;background:var(--unk-bg)}
.operational{--c:var(--ok);--g:var(--ok-bg);--bar:var(--ok-bar)}.unknown{--c:var(--unk);--g:var(--unk-bg);--bar:var(--unk-bar)}
.recovering{--c:var(--rec);--g:var(--rec-bg);--bar:var(--rec-bar)}.degraded{--c:var(--deg);--g:var(--deg-bg);--bar:var(--deg-bar)}
.partial-outage{--c:var(--part);--g:var(--part-bg);--bar:var(--part-bar)}.major-outage{--c:var(--maj);--g:var(--maj-bg);--bar:var(--maj-bar)}
.lv{display:inline-block;color:var(--c);background:var(--g);border:1px solid var(--bar);border-radius:1rem;padding:0 .6rem;font-size:.85rem;font-weight:600;line-height:1.55;white-space:nowrap}
.head{display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:baseline;justify-content:space-between}
table{border-collapse:collapse;width:100%;margin-top:.5rem}th,td{text-align:left;vertical-align:top;padding:.55rem .75rem .55rem 0;border-top:1px solid var(--line);font-weight:400}
thead th{border-top:0;color:var(--soft);font-size:.8rem;padding-block:.1rem}tbody th{font-weight:600;width:9rem}td:last-child{padding-right:0}
td,dd,li,h1,h3{overflow-wrap:anywhere}td ul{list-style:none;margin:0;padding:0}td li+li{margin-top:.45rem}.why{color:var(--soft);font-size:.875rem}
progress{appearance:none;width:9rem;max-width:100%;height:.6rem;border:1px solid var(--rec-bar);border-radius:.3rem;background:var(--rec-bg);overflow:hidden}progress::-webkit-progress-bar{background:var(--rec-bg)}progress::-webkit-progress-value{background:var(--rec-bar)}progress::-moz-progress-bar{background:var(--rec-bar)}
details{margin-top:.4rem}summary{cursor:pointer;color:var(--link);padding-block:.2rem}details ul{padding-left:1.1rem;margin:.25rem 0;list-style:disc}
.posts{list-style:none;margin:.75rem 0 0;padding:0 0 0 1rem;border-left:2px solid var(--line)}.posts>li{margin-bottom:1rem}.posts>li:last-child{margin-bottom:0}
.post{overflow-x:auto}.post pre{white-space:pre-wrap;background:var(--bg);border:1px solid var(--line);border-radius:.4rem;padding:.5rem}.post p{margin:.25rem 0}.post table{width:auto}
.post blockquote{margin:.4rem 0;padding-left:.8rem;border-left:3px solid var(--line)}.state{font-weight:650}
.bars{display:block;width:100%;height:1.6rem;margin:.3rem 0 .1rem;forced-color-adjust:none}.bars path{fill:none;stroke-dasharray:3 1;stroke:var(--bar)}
.up{padding:.7rem 0;border-top:1px solid var(--line)}.up:first-of-type{border-top:0}.up summary{display:block;color:inherit}.up summary .head::before{content:"▸";color:var(--link)}
.up[open] summary .head::before{content:"▾"}.up summary .head h4{margin:0;font-size:1rem;flex:1}.up dl{margin:.5rem 0 .25rem 1rem}.up dt{font-weight:600;margin-top:.6rem}.up dd{margin:0}
.axis{display:flex;justify-content:space-between}
.list{list-style:none;margin:0;padding:.2rem 1.15rem}.list li{padding:.6rem 0;border-top:1px solid var(--line)}.list li:first-child{border-top:0}
footer{border-top:1px solid var(--line);margin-top:2rem;padding-block:1rem 2rem;color:var(--soft);font-size:.875rem}footer a{display:inline-block;padding-block:.2rem;margin-right:1rem}
@media (max-width:30rem){.wrap thead{position:absolute;clip-path:inset(50%)}.wrap tbody,.wrap tr,.wrap th,.wrap td{display:block;border:0;padding:0}.wrap tr{border-top:1px solid var(--line);padding:.6rem 0}.wrap tbody th{margin-bottom:.25rem}}
@media print{:root{color-scheme:light}h2,h3{break-after:avoid}body{background:#fff;color:#000;font-size:10pt}nav,.skip{display:none}.now,.card,.up{break-inside:avoid}details:not(.up)::details-content{content-visibility:visible;height:auto}.lv,.bars{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`
