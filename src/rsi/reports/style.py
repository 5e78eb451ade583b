"""The look of report.html: one style sheet, system fonts, light and dark."""

__all__ = ["STYLE"]

STYLE = """
:root{color-scheme:light dark;--bg:#fbfbfa;--card:#fff;--ink:#1c1d20;--soft:#5d6068;--line:#e4e4e0;--accent:#2f5fd0;--faint:#c3cbdd;
--good:#17794a;--good-bg:#e9f6ee;--bad:#b23a31;--bad-bg:#fbecea;--neutral-bg:#f0f1f4;--code:#f5f5f2}
@media(prefers-color-scheme:dark){:root{--bg:#15161a;--card:#1c1e23;--ink:#e7e7e4;--soft:#a0a3ab;--line:#2e3138;--accent:#86a8ff;
--faint:#414a61;--good:#6fd39c;--good-bg:#16291f;--bad:#f0877d;--bad-bg:#311d1c;--neutral-bg:#23262d;--code:#191b20}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;
-webkit-text-size-adjust:100%;overflow-wrap:anywhere}
main{max-width:54rem;margin:0 auto;padding:3.5rem 1.25rem 5rem}
h1{font-size:clamp(1.8rem,4.5vw,2.5rem);line-height:1.15;letter-spacing:-.02em;margin:0 0 .8rem;text-wrap:balance}
h2{font-size:1.35rem;letter-spacing:-.01em;line-height:1.25;margin:3.2rem 0 .9rem;padding-top:1.3rem;border-top:1px solid var(--line)}
p{margin:.7rem 0;max-width:44rem}
.lead{font-size:1.08rem;color:var(--soft);max-width:42rem}
.quiet{color:var(--soft);font-size:.92rem}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.86em}
p code,li code{background:var(--code);border:1px solid var(--line);border-radius:4px;padding:.05em .35em}
ul{margin:.6rem 0;padding-left:1.15rem;max-width:46rem}
li{margin:.25rem 0}
li::marker{color:var(--soft)}
.claim{margin:1.8rem 0;padding:1.5rem 1.6rem;border-radius:14px;background:var(--neutral-bg)}
.claim.good{background:var(--good-bg)}
.claim.bad{background:var(--bad-bg)}
.claim .label{margin:0;font-size:.8rem;letter-spacing:.08em;text-transform:uppercase;color:var(--soft)}
.claim .headline{margin:.15rem 0 .4rem;font-size:clamp(1.5rem,4vw,2.1rem);font-weight:650;letter-spacing:-.02em;line-height:1.2}
.claim.good .headline{color:var(--good)}
.claim.bad .headline{color:var(--bad)}
.claim p:last-child{margin-bottom:0}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.6rem,1fr));gap:.7rem;margin:1.4rem 0;padding:0}
.facts div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.75rem .9rem}
.facts dt{font-size:.82rem;color:var(--soft)}
.facts dd{margin:.1rem 0 0;font-size:1.2rem;font-weight:600;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;width:100%;font-size:.93rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;vertical-align:top;padding:.45rem .7rem;border-bottom:1px solid var(--line)}
th{font-weight:600;color:var(--soft);font-size:.84rem;white-space:nowrap}
.num{text-align:right;white-space:nowrap}
figure{margin:1.4rem 0;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.1rem 1.1rem .8rem}
figure svg{display:block;width:100%;height:auto}
figcaption{color:var(--soft);font-size:.9rem;margin-top:.6rem}
figure details{font-size:.88rem;color:var(--soft);margin-top:.3rem}
summary{cursor:pointer}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--soft)}
svg .ink{fill:var(--ink)}
svg .axis{stroke:var(--line);stroke-width:1}
svg .zero{stroke:var(--soft);stroke-dasharray:3 3}
svg .main{fill:var(--accent);stroke:var(--accent)}
svg .back{fill:var(--faint);stroke:var(--faint)}
svg .path{fill:none;stroke:var(--accent);stroke-width:2.5;stroke-linejoin:round}
svg .band{fill:var(--accent);opacity:.13;stroke:none}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.1rem 1.3rem 1.2rem;margin:1.1rem 0}
.card header{display:flex;flex-wrap:wrap;align-items:baseline;gap:.3rem .7rem;margin-bottom:.4rem}
.card h3{margin:0;font-size:1.08rem}
.tag{font-size:.78rem;border:1px solid var(--line);color:var(--soft);border-radius:99px;padding:.05rem .6rem}
.badge{margin-left:auto;font-weight:650;color:var(--good);font-variant-numeric:tabular-nums;white-space:nowrap}
pre{background:var(--code);border:1px solid var(--line);border-radius:8px;
padding:.8rem .95rem;overflow-x:auto;line-height:1.45;margin:.9rem 0 .2rem}
pre .a{color:var(--good)}
pre .d{color:var(--bad)}
pre .h{color:var(--soft)}
footer{margin-top:3.5rem;color:var(--soft);font-size:.88rem}
@media print{body{background:#fff}.card,figure{break-inside:avoid}}
"""
"""No address, font or image of anywhere else."""
