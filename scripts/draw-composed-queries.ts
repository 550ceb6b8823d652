/**
 * Draws docs/guides/composed-queries.svg: documents of the sample collection by what two queries say of them, and which ten a
 * sum and a maximum find. It asks the index `sample` of a cluster that runs:
 *
 *   npm start
 *   npx node scripts/draw-composed-queries.ts
 */
import { writeFile } from 'node:fs/promises'
import { connect } from '@hypershard/client/node'
import { readBeirFolder } from '@hypershard/evaluation'

/** Both are judged. */
const leaves = ['q-bicycle-maintenance-1', 'q-maps-navigation-3'] as const
const found = 10
const [width, height] = [860, 400]
const panel = { size: 300, top: 64, lefts: [70, 500] }
const charactersShown = 60
/** Of both axes, in deviations. */
const [least, most] = [-2.5, 7]

interface Dot {
  readonly id: string
  /** By leaf, in deviations above the mean. */
  readonly at: readonly [number, number]
  /** The leaf that it is relevant to. */
  readonly relevant: number | undefined
}

const client = connect({ url: process.env.HYPERSHARD_URL ?? 'http://127.0.0.1:7700' })
const { queries, judgements } = await readBeirFolder('sample', 'test')
const dots = await readDots()
const sum = ({ at: [first, second] }: Dot) => first + second
const maximum = ({ at }: Dot) => Math.max(...at)
const drawn = [
  drawPanel(panel.lefts[0]!, 'One vector: the sum of both', sum, bound => diagonal(bound)),
  drawPanel(panel.lefts[1]!, 'A composed query: the better of both', maximum, bound => corner(bound)),
]
await writeFile('docs/guides/composed-queries.svg', page(drawn))
for (const { title, hits } of drawn) console.log(`${title}: ${hits} of ${found} found are relevant`)

/** All documents, each with both scores. */
async function readDots(): Promise<Dot[]> {
  const scores = await Promise.all(
    leaves.map(async id => {
      const { hits } = await client.search('sample', {
        query: queries.get(id)!,
        k: 1_000,
        plan: 'exact',
        ids_only: true,
      })
      return new Map(hits.map(hit => [hit.id, hit.score!]))
    }),
  )
  const [first, second] = scores.map(standardised)
  return [...first!].map(([id, score]) => {
    const relevant = leaves.findIndex(leaf => (judgements.get(leaf)!.get(id) ?? 0) > 0)
    return { id, at: [score, second!.get(id)!], relevant: relevant < 0 ? undefined : relevant }
  })
}

function standardised(scores: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const values = [...scores.values()]
  const mean = values.reduce((all, value) => all + value, 0) / values.length
  const deviation = Math.sqrt(values.reduce((all, value) => all + (value - mean) ** 2, 0) / values.length)
  return new Map([...scores].map(([id, score]) => [id, (score - mean) / deviation]))
}

function drawPanel(left: number, title: string, scoreOf: (dot: Dot) => number, line: (bound: number) => string) {
  const best = [...dots].sort((a, b) => scoreOf(b) - scoreOf(a)).slice(0, found)
  const bound = scoreOf(best.at(-1)!)
  const hits = best.filter(({ relevant }) => relevant !== undefined).length
  const marks = [...dots].sort((a, b) => Number(best.includes(a)) - Number(best.includes(b)))
  const { size } = panel
  const svg = `<g transform="translate(${left} ${panel.top})">
  <text x="0" y="-32" font-size="16" font-weight="600">${title}</text>
  <text x="0" y="-12">${hits} of the ${found} it finds are relevant</text>
  <rect width="${size}" height="${size}" fill="#f6f8fa"/>
  <path d="${line(bound)}" fill="#ddf4e4" stroke="#1a7f37" stroke-width="1.5"/>
  <rect width="${size}" height="${size}" fill="none" stroke="#57606a"/>
  ${marks.map(dot => markOf(dot, best.includes(dot))).join('\n  ')}
  <text x="${size / 2}" y="${size + 22}" text-anchor="middle">what the first says</text>
  <text transform="translate(-12 ${size / 2}) rotate(-90)" text-anchor="middle">what the second says</text>
</g>`
  return { title, hits, svg }
}

function x(value: number): number {
  return Math.round((10 * panel.size * (Math.min(most, Math.max(least, value)) - least)) / (most - least)) / 10
}

function y(value: number): number {
  return Math.round(10 * (panel.size - x(value))) / 10
}

/** Where the sum is above the bound. */
function diagonal(bound: number): string {
  const [from, to] = [Math.max(least, bound - most), Math.min(most, bound - least)]
  return `M${x(from)} ${y(bound - from)}L${x(to)} ${y(bound - to)}L${x(most)} ${y(bound - to)}L${x(most)} ${y(most)}L${x(from)} ${y(most)}Z`
}

/** Where either is above the bound. */
function corner(bound: number): string {
  return `M${x(least)} ${y(bound)}L${x(bound)} ${y(bound)}L${x(bound)} ${y(least)}L${x(most)} ${y(least)}L${x(most)} ${y(most)}L${x(least)} ${y(most)}Z`
}

/** Filled where it is found; a circle is relevant to the first, a triangle to the second. */
function markOf({ at: [first, second], relevant }: Dot, isFound: boolean): string {
  const [cx, cy] = [x(first), y(second)]
  if (relevant === undefined) return `<circle cx="${cx}" cy="${cy}" r="2.2" fill="${isFound ? '#cf222e' : '#afb8c1'}"/>`
  const [colour, fill] = relevant === 0 ? ['#0969da', '#0969da'] : ['#bc4c00', '#bc4c00']
  const style = `stroke="${colour}" stroke-width="1.6" fill="${isFound ? fill : '#ffffff'}"`
  if (relevant === 0) return `<circle cx="${cx}" cy="${cy}" r="5" ${style}/>`
  return `<path d="M${cx} ${cy - 6}l5.5 10h-11z" ${style}/>`
}

/** So that it fits the page in a wide font. */
function shortened(text: string): string {
  return text.length <= charactersShown ? text : `${text.slice(0, text.lastIndexOf(' ', charactersShown))} …`
}

function page(panels: readonly { readonly svg: string }[]): string {
  const [first, second] = leaves.map(id => shortened(queries.get(id)!))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + 84}" font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="13" fill="#1f2328" role="img" aria-labelledby="title description">
<title id="title">What a sum and a maximum of two queries find</title>
<desc id="description">Each dot is a document of the sample collection, placed by its scores for two queries. A sum draws a slanted line and finds what lies above it; most documents that are relevant to one query alone lie below. A maximum draws a corner and finds what is far out on either side.</desc>
<rect width="${width}" height="${height + 84}" rx="12" fill="#ffffff"/>
${panels.map(({ svg }) => svg).join('\n')}
<g transform="translate(70 ${height + 12})">
  <circle cx="5" cy="-4" r="5" stroke="#0969da" fill="#ffffff" stroke-width="1.6"/><text x="18">relevant to the first: “${first}”</text>
  <path d="M5 12l5.5 10h-11z" stroke="#bc4c00" fill="#ffffff" stroke-width="1.6"/><text x="18" y="22">relevant to the second: “${second}”</text>
  <text x="0" y="44">Filled: among the ten best. Dots: relevant to neither; red ones are among the ten all the same.</text>
  <text x="0" y="64">Scores are deviations above the mean, of the shipped model.</text>
</g>
</svg>
`
}
