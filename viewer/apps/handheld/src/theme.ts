import { applyTheme, type ThemeName } from '@twin/ui'

const KEY = 'twin.handheld.theme'

/** Light for the sun unless the person chose otherwise. */
export function savedTheme(): ThemeName {
  return localStorage.getItem(KEY) === 'dark' ? 'dark' : 'light'
}

export function saveTheme(theme: 'light' | 'dark'): void {
  localStorage.setItem(KEY, theme)
  applyTheme(theme)
}
