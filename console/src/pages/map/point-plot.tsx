import { useId, useMemo } from 'preact/hooks'
import { toldScore } from '../../parts/numbers.ts'
import { visibleText } from '../../parts/visible-text.ts'
import { ranksShown } from './limits.ts'
import { coloursCount, coloursOf, placePoints, rangeOf } from './place-points.ts'
import { isArrowKey, type Placed, steer } from './steer.ts'

/** A point as one plot shows it. */
export interface PlotPoint extends Placed {
  readonly id: string
  readonly name: string
  readonly value: number
  readonly rank: number
  /** Its mark, from 0; points of several meanings have several. */
  readonly mark: number
}

export interface PointPlotProps {
  readonly title: string
  /** What the colour is of. */
  readonly what: string
  readonly points: readonly PlotPoint[]
  readonly chosen: string | undefined
  readonly onChoose: (id: string) => void
}

const frame = { width: 440, height: 340, margin: 18 }
const nameCharactersMax = 80

/**
 * Documents at their places, coloured by one score, with the ranks of the best beside them. It has the focus as a whole:
 * arrow keys go from point to point, Home and End to the best and the last. The table of the page has the same in words.
 */
export function PointPlot({ title, what, points, chosen, onChoose }: PointPlotProps) {
  const id = useId()
  const placed = useMemo(() => placePoints(points, frame), [points])
  const colours = useMemo(() => coloursOf(points.map(({ value }) => value)), [points])
  const [low, high] = rangeOf(points.map(({ value }) => value))
  const at = points.findIndex(point => point.id === chosen)
  // The best are drawn last, and lie above the others.
  const order = [...points.keys()].sort((a, b) => points[b]!.rank - points[a]!.rank)
  const choose = (event: KeyboardEvent) => {
    const next = placeAt(event.key, { points, order, at })
    if (next === undefined) return
    event.preventDefault()
    onChoose(points[next]!.id)
  }
  return (
    <figure class="plot">
      <figcaption>
        <h3>{title}</h3>
      </figcaption>
      <div
        class="plot-frame"
        role="listbox"
        aria-label={`${title}: ${points.length} documents, coloured by ${what}`}
        aria-activedescendant={at < 0 ? undefined : `${id}-${at}`}
        tabIndex={0}
        onKeyDown={choose}
      >
        <svg viewBox={`0 0 ${frame.width} ${frame.height}`} role="none">
          {order.map(place => (
            <Point
              key={points[place]!.id}
              id={`${id}-${place}`}
              what={what}
              point={points[place]!}
              place={placed[place]!}
              colour={colours[place]!}
              isChosen={place === at}
              onChoose={onChoose}
            />
          ))}
        </svg>
      </div>
      <div class="plot-scale small soft number">
        <span>{toldScore(low)}</span>
        <span class="plot-colours" aria-hidden="true">
          {Array.from({ length: coloursCount }, (_, colour) => (
            <span key={colour} class={`map-swatch map-${colour + 1}`} />
          ))}
        </span>
        <span>{toldScore(high)}</span>
      </div>
    </figure>
  )
}

/** A circle, a square, a triangle or a diamond about a place: of about the same area, and told apart without colour. */
export function markPath(mark: number, { x, y, size }: Placed & { readonly size: number }): string {
  const wide = 1.3 * size
  switch (mark) {
    case 1:
      return `M${x - size},${y - size}h${2 * size}v${2 * size}h${-2 * size}z`
    case 2:
      return `M${x},${y - wide}l${wide},${2 * size}h${-2 * wide}z`
    case 3:
      return `M${x},${y - wide}l${wide},${wide}l${-wide},${wide}l${-wide},${-wide}z`
    default:
      return `M${x - size},${y}a${size},${size} 0 1,0 ${2 * size},0a${size},${size} 0 1,0 ${-2 * size},0z`
  }
}

/** @returns the place that a key leads to; undefined for one that leads nowhere */
function placeAt(
  key: string,
  {
    points,
    order,
    at,
  }: { readonly points: readonly PlotPoint[]; readonly order: readonly number[]; readonly at: number },
): number | undefined {
  const best = order.at(-1)
  if (key === 'Home') return best
  if (key === 'End') return order[0]
  if (!isArrowKey(key)) return undefined
  return at < 0 ? best : steer(points, at, key)
}

function Point({
  id,
  what,
  point: { id: document, name, rank, value, mark },
  place: { x, y },
  colour,
  isChosen,
  onChoose,
}: {
  readonly id: string
  readonly what: string
  readonly point: PlotPoint
  readonly place: Placed
  readonly colour: number
  readonly isChosen: boolean
  readonly onChoose: (id: string) => void
}) {
  const told = visibleText(name.slice(0, nameCharactersMax))
  return (
    <g
      id={id}
      class={`plot-point map-${colour}${isChosen ? ' plot-chosen' : ''}`}
      role="option"
      aria-selected={isChosen}
      aria-label={`${told}, rank ${rank}, ${what} ${toldScore(value)}`}
      onClick={() => onChoose(document)}
    >
      {isChosen && <circle class="plot-ring" cx={x} cy={y} r={11} />}
      <path d={markPath(mark, { x, y, size: rank <= ranksShown ? 6.5 : 4.5 })} />
      {rank <= ranksShown && (
        <text x={x + 8.5} y={y + 3.5}>
          {rank}
        </text>
      )}
    </g>
  )
}
