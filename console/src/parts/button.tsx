import type { ComponentChildren } from 'preact'

export interface ButtonProps {
  readonly children: ComponentChildren
  readonly onClick?: () => void
  readonly kind?: 'primary' | 'danger' | 'quiet'
  /** `submit` sends the form that it stands in. */
  readonly type?: 'button' | 'submit'
  readonly disabled?: boolean
  /** For who cannot see what the button stands beside. */
  readonly label?: string
  readonly pressed?: boolean
}

export function Button({ children, onClick, kind, type = 'button', disabled, label, pressed }: ButtonProps) {
  return (
    <button
      type={type}
      class={`button${kind === undefined ? '' : ` ${kind}`}`}
      disabled={disabled}
      aria-label={label}
      aria-pressed={pressed}
      onClick={onClick}
    >
      {children}
    </button>
  )
}
