const width = 480
const height = 36

/** A vector as bars around a line: what it looks like, and how long it is. */
export function VectorStrip({ values }: { readonly values: readonly number[] }) {
  const most = Math.max(...values.map(Math.abs), 1e-9)
  const norm = Math.hypot(...values)
  const told = `${values.length} numbers, length ${norm.toFixed(3)}`
  const step = width / Math.max(1, values.length)
  const bars = values.map((value, at) => {
    const x = ((at + 0.5) * step).toFixed(2)
    return `M${x} ${height / 2}V${(height / 2 - (value / most) * (height / 2)).toFixed(2)}`
  })
  return (
    <div class="stack tight">
      <span>{told}</span>
      <svg
        class="vector-strip"
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={told}
        preserveAspectRatio="none"
      >
        <path d={bars.join('')} stroke-width={Math.max(0.5, step * 0.7)} />
      </svg>
    </div>
  )
}
