import type { ComponentChildren } from 'preact'

export interface ButtonProps {
  readonly children: ComponentChildren
  readonly onClick?: () => void
  readonly kind?: 'primary' | 'danger' | 'quiet'
  /** `submit` sends the form that it stands in. */
  readonly type?: 'button' | 'submit'
  readonly disabled?: boolean
  /** Where it may become disabled while somebody is on it: it does nothing then, and keeps the focus. */
  readonly keepsFocus?: boolean
  /** For who cannot see what the button stands beside. */
  readonly label?: string
  readonly pressed?: boolean
}

export function Button({
  children,
  onClick,
  kind,
  type = 'button',
  disabled,
  keepsFocus,
  label,
  pressed,
}: ButtonProps) {
  return (
    <button
      type={type}
      class={`button${kind === undefined ? '' : ` ${kind}`}`}
      disabled={disabled && !keepsFocus}
      aria-disabled={keepsFocus ? disabled : undefined}
      aria-label={label}
      aria-pressed={pressed}
      onClick={event => {
        if (!disabled) onClick?.()
        else event.preventDefault()
      }}
    >
      {children}
    </button>
  )
}
