import { writeFile } from 'node:fs/promises'
import { Resvg } from '@resvg/resvg-js'
import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'

const pixelRatio = 2

/** Draws a chart and writes it as `<path>.svg` and `<path>.png`. */
export async function writePlot(path: string, spec: TopLevelSpec): Promise<void> {
  const svg = await new View(parse(compile(spec).spec), { renderer: 'none' }).toSVG()
  await writeFile(`${path}.svg`, svg)
  const image = new Resvg(svg, { background: 'white', fitTo: { mode: 'zoom', value: pixelRatio } })
  await writeFile(`${path}.png`, image.render().asPng())
}

export interface RecallPoint {
  readonly plan: string
  readonly documents: number
  readonly recallAt10: number
  readonly p50Ms: number
}

/** Recall against latency, a line a plan and a panel a number of documents; settings that another of their plan beats in both are left out. */
export function recallPlot(points: readonly RecallPoint[], title: string): TopLevelSpec {
  const recallMin = Math.min(0.9, ...points.map(({ recallAt10 }) => recallAt10))
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title,
    data: {
      values: points
        .filter(point => !points.some(other => beats(other, point)))
        .map(point => ({ ...point, panel: `${point.documents.toLocaleString('en')} documents` })),
    },
    facet: { column: { field: 'panel', type: 'nominal', title: null, sort: { field: 'documents' } } },
    spec: {
      width: 360,
      height: 300,
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'p50Ms', type: 'quantitative', scale: { type: 'log' }, title: 'median of a query, ms' },
        y: {
          field: 'recallAt10',
          type: 'quantitative',
          scale: { domain: [Math.floor(recallMin * 20) / 20, 1], clamp: true },
          title: 'recall@10 of exact scoring',
        },
        color: { field: 'plan', type: 'nominal', title: null },
        shape: { field: 'plan', type: 'nominal', title: null },
        order: { field: 'recallAt10', type: 'quantitative' },
      },
    },
  }
}

function beats(other: RecallPoint, point: RecallPoint): boolean {
  if (other.plan !== point.plan || other.documents !== point.documents) return false
  const atLeast = other.recallAt10 >= point.recallAt10 && other.p50Ms <= point.p50Ms
  return atLeast && (other.recallAt10 > point.recallAt10 || other.p50Ms < point.p50Ms)
}
