export interface MeterProps {
  /** What is measured, for who does not see it. */
  readonly label: string
  readonly value: number
  readonly max: number
  /** The value in words, which stands beside the bar. */
  readonly told: string
  /** From so much of the whole on, it is a warning. */
  readonly warnFrom?: number
}

/** How much of something is used, as a bar and in words. */
export function Meter({ label, value, max, told, warnFrom = Number.POSITIVE_INFINITY }: MeterProps) {
  const share = max === 0 ? 0 : Math.min(1, value / max)
  return (
    <div class="meter">
      <div class="meter-bar" role="img" aria-label={`${label}: ${told}`}>
        <div class={share >= warnFrom ? 'meter-fill warn' : 'meter-fill'} style={{ width: `${100 * share}%` }} />
      </div>
      <span class="small soft number" aria-hidden="true">
        {told}
      </span>
    </div>
  )
}
