import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  type Panel as GrafanaPanel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import type * as units from '@grafana/grafana-foundation-sdk/units'

/** What is drawn: an expression of PromQL, and the name of each of its series (`{{plan}}` stands for a label). */
export type Query = readonly [expression: string, legend: string]

/** A panel as people write it; the rest of what Grafana wants is the same for all. */
export interface Panel {
  readonly title: string
  /** What is seen here and what it means when it is high, for who has not seen it before. */
  readonly description: string
  readonly unit: Extract<(typeof units)[keyof typeof units], string>
  readonly queries: readonly Query[]
  /** `lines` unless it says otherwise: one line a series, areas that add up, or the newest value as a number. */
  readonly shown?: 'lines' | 'areas' | 'number'
  /** Of the 24 columns of the page. */
  readonly columns?: number
  /** From where on a value is doubtful, or bad; the other way round where less is worse. */
  readonly doubtful?: number
  readonly bad?: number
  readonly lessIsWorse?: boolean
  /** The top of the axis, where there is one. */
  readonly max?: number
  /** The alert that watches over this: the panel links to what to do. */
  readonly alert?: string
}

/** The data source that the page's variable names. */
export const datasource: { readonly type: string; readonly uid: string } = Object.freeze({
  type: 'prometheus',
  uid: '$' + '{datasource}',
})

const linesColumns = 8
const numberColumns = 4
const linesHeight = 8
const numberHeight = 4

/** Runbooks are sections of docs/operations.md, one an alert, under the alert's name. */
export function runbookUrl(alert: string): string {
  return `https://hypershard.dev/docs/operations.md#${alert.toLowerCase()}`
}

/** The panel as Grafana wants it. Its place on the page is still open. */
export function buildPanel(panel: Panel, id: number): GrafanaPanel {
  const builder = panel.shown === 'number' ? numberBuilder() : linesBuilder(panel)
  builder
    .id(id)
    .title(panel.title)
    .description(panel.description)
    .unit(panel.unit)
    .datasource({ ...datasource })
    .span(panel.columns ?? (panel.shown === 'number' ? numberColumns : linesColumns))
    .height(panel.shown === 'number' ? numberHeight : linesHeight)
    .thresholds(thresholdsOf(panel))
    .min(0)
  if (panel.max !== undefined) builder.max(panel.max)
  if (panel.alert !== undefined) builder.links([linkTo(panel.alert)])
  for (const [at, query] of panel.queries.entries()) builder.withTarget(queryBuilder(query, at))
  return builder.build()
}

function linesBuilder(panel: Panel): TimeseriesBuilder {
  const builder = new TimeseriesBuilder()
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs([]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .lineWidth(1)
    .fillOpacity(panel.shown === 'areas' ? 40 : 5)
  if (panel.shown === 'areas') builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'))
  if (panel.bad !== undefined || panel.doubtful !== undefined) {
    builder.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed))
  }
  return builder
}

function numberBuilder(): StatBuilder {
  return new StatBuilder()
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false))
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.Area)
    .noValue('–')
}

function queryBuilder([expression, legend]: Query, at: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .expr(expression)
    .legendFormat(legend)
    .refId(String.fromCharCode('A'.charCodeAt(0) + at))
    .datasource({ ...datasource })
    .range()
}

/** Green, then yellow, then red; where less is worse, red comes first. */
function thresholdsOf({ doubtful, bad, lessIsWorse = false }: Panel): ThresholdsConfigBuilder {
  const levels = [
    { value: doubtful, color: 'yellow' },
    { value: bad, color: 'red' },
  ].flatMap(({ value, color }) => (value === undefined ? [] : [{ value, color }]))
  const builder = new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute)
  if (!lessIsWorse) return builder.steps([{ value: null, color: 'green' }, ...levels])
  const rising = levels.reverse()
  const colours = [...rising.map(({ color }) => color), 'green']
  return builder.steps(colours.map((color, at) => ({ value: at === 0 ? null : rising[at - 1]!.value, color })))
}

function linkTo(alert: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder(`What to do: ${alert}`)
    .type(DashboardLinkType.Link)
    .url(runbookUrl(alert))
    .targetBlank(true)
}
