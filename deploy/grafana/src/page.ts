import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type GridPos,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { buildPanel, type Panel } from './panel.ts'

/** A dashboard as people write it. */
export interface Page {
  /** Part of its address: `hypershard-<name>`. */
  readonly name: string
  readonly title: string
  readonly description: string
  readonly rows: readonly Row[]
}

export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

const columns = 24
const tag = 'hypershard'

/** The dashboard as Grafana imports it. */
export function buildPage(page: Page): object {
  const builder = new DashboardBuilder(page.title)
    .uid(`hypershard-${page.name}`)
    .description(page.description)
    .tags([tag])
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .version(1)
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'))
    .link(
      new DashboardLinkBuilder('Other pages')
        .type(DashboardLinkType.Dashboards)
        .tags([tag])
        .keepTime(true)
        .includeVars(true),
    )
  let id = 0
  let y = 0
  for (const row of page.rows) {
    builder.withRow(new RowBuilder(row.title).id(++id).gridPos({ x: 0, y, w: columns, h: 1 }))
    y++
    const panels = row.panels.map(panel => buildPanel(panel, ++id))
    const places = placesOf(
      panels.map(({ gridPos }) => gridPos!),
      y,
    )
    for (const [at, panel] of panels.entries()) {
      const placed = { ...panel, gridPos: places[at]! }
      builder.withPanel({ build: () => placed })
    }
    y = Math.max(y, ...places.map(place => place.y + place.h))
  }
  return builder.build()
}

/** From left to right, and below where a line is full. */
function placesOf(sizes: readonly GridPos[], top: number): GridPos[] {
  let [x, y, height] = [0, top, 0]
  return sizes.map(({ w, h }) => {
    if (x + w > columns) [x, y, height] = [0, y + height, 0]
    const place = { x, y, w, h }
    x += w
    height = Math.max(height, h)
    return place
  })
}
