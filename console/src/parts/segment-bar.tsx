import type { ComponentChildren } from 'preact'
import { Shown } from './shown.tsx'

export interface Segment {
  readonly label: string
  readonly value: number
  /** A class of the colours `part-1` … `part-6`, or `part-missing`. */
  readonly part: string
  /** The value in words; the number itself when left out. */
  readonly told?: string
}

export interface SegmentBarProps {
  /** What the bar is of. */
  readonly label: string
  readonly segments: readonly Segment[]
  /** What the whole width stands for; the sum when left out. */
  readonly total?: number
  readonly legend?: boolean
}

/** Parts of a whole, side by side. The words say what the bar shows, so nothing is told by colour alone. */
export function SegmentBar({ label, segments, total, legend = true }: SegmentBarProps) {
  const sum = segments.reduce((all, { value }) => all + value, 0)
  const whole = Math.max(total ?? sum, sum)
  const shown = segments.filter(({ value }) => value > 0)
  const words = segments.map(segment => `${segment.label} ${toldOf(segment)}`).join(', ')
  return (
    <div class="stack">
      <div class="segments" role="img" aria-label={`${label}: ${words}`}>
        {shown.map(segment => (
          <div
            key={segment.label}
            class={`segment ${segment.part}`}
            title={`${segment.label}: ${toldOf(segment)}`}
            style={{ width: `${(100 * segment.value) / whole}%` }}
          />
        ))}
      </div>
      {legend && (
        <Legend
          entries={segments.map(segment => ({
            part: segment.part,
            children: (
              <span>
                <Shown text={segment.label} /> <span class="number">{toldOf(segment)}</span>
              </span>
            ),
          }))}
        />
      )}
    </div>
  )
}

export interface LegendProps {
  readonly entries: readonly { readonly part: string; readonly children: ComponentChildren }[]
}

export function Legend({ entries }: LegendProps) {
  return (
    <ul class="legend">
      {entries.map(({ part, children }, at) => (
        <li key={at}>
          <span class={`swatch ${part}`} />
          {children}
        </li>
      ))}
    </ul>
  )
}

function toldOf({ value, told }: Segment): string {
  return told ?? value.toLocaleString('en')
}
