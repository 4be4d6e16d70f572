import { describe, expect, it } from 'vitest'
import { catalogueFaults, leafKeys, nameIn } from '../src/i18n'
import { cssVariables, HUES, RISK, THEMES, wallRem, type ThemeName } from '../src/tokens'
import { plantDate, plantTime } from '../src/time'

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = parseInt(hex.slice(i, i + 2), 16) / 255
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
  const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (hi + 0.05) / (lo + 0.05)
}

describe('tokens', () => {
  it('gives text at least WCAG AA on every ground it is set on', () => {
    for (const name of Object.keys(THEMES) as ThemeName[]) {
      const t = THEMES[name]
      for (const ground of [t.bg, t.panelSolid, t.raised]) {
        for (const text of [t.text, t.text2, t.text3])
          expect(contrast(text, ground), `${name} ${text} on ${ground}`).toBeGreaterThanOrEqual(4.5)
      }
      expect(contrast(t.accentInk, t.accent)).toBeGreaterThanOrEqual(4.5)
    }
  })

  it('lets the digit of a risk mark be read on its colour (large text, AA)', () => {
    for (const risk of Object.values(RISK)) expect(contrast(risk.ink, risk.colour)).toBeGreaterThanOrEqual(3)
  })

  it('keeps the four risk colours to risk', () => {
    const risk = Object.values(RISK).map((r) => r.colour)
    for (const theme of Object.values(THEMES))
      for (const value of Object.values(theme)) expect(risk).not.toContain(value)
    for (const hue of Object.values(HUES)) expect(risk).not.toContain(hue)
    expect(new Set(Object.values(RISK).map((r) => r.shape)).size).toBe(4)
  })

  it('names CSS variables after the tokens', () => {
    const css = cssVariables('wall')
    expect(css['--panel-solid']).toBe(THEMES.wall.panelSolid)
    expect(css['--text-2']).toBe(THEMES.wall.text2)
    expect(css['--risk-1']).toBe(RISK[1].colour)
  })

  it('scales the wall by its smaller side', () => {
    expect(wallRem(1920, 1080)).toBe(24)
    expect(wallRem(3840, 2160)).toBe(48)
    expect(wallRem(5760, 1080)).toBe(24)
  })
})

describe('i18n', () => {
  it('finds keys that one language lacks', () => {
    expect(leafKeys({ a: { b: 'x' }, c: 'y' })).toEqual(['a.b', 'c'])
    expect(catalogueFaults({ 'zh-CN': { a: '甲' }, en: { a: 'A', b: ' ' } })).toEqual({
      missing: ['zh-CN: b'],
      empty: ['en: b'],
    })
  })

  it('names a thing in the language of the reader', () => {
    const zone = { name: '罐区', name_en: 'Tank farm', code: 'Z-01' }
    expect(nameIn('zh-CN', zone)).toBe('罐区')
    expect(nameIn('en', zone)).toBe('Tank farm')
    expect(nameIn('en', { name: '', code: 'Z-02' })).toBe('Z-02')
  })
})

describe('plant time', () => {
  it('is that of the plant, not of the browser', () => {
    const at = new Date('2026-11-23T20:05:32Z')
    expect(plantTime(at, 'Asia/Shanghai')).toBe('04:05:32')
    expect(plantDate(at, 'Asia/Shanghai')).toBe('2026-11-24')
  })
})
