import { PULSE_TICKS, TICKS } from './pulses'
import { REACH } from './raster'

/** What every fragment of the mesh goes through: cuts, zone paint, heat and dimming. Places are local metres of the site's frame. */
export const FRAGMENT = /* glsl */ `
vec4 zonePaint(float n) { float i = n - 1.0; return texelFetch(u_palette, ivec2(int(mod(i, 256.0)), int(i / 256.0) * 2), 0); }
vec4 zoneFlags(float n) { float i = n - 1.0; return texelFetch(u_palette, ivec2(int(mod(i, 256.0)), int(i / 256.0) * 2 + 1), 0); }
bool zoneHolds(float n, float z) {
  if (n < 0.5) return false;
  float i = n - 1.0;
  vec4 h = texelFetch(u_heights, ivec2(int(mod(i, 256.0)), int(i / 256.0)), 0);
  return z >= h.x && z <= h.y;
}
// what is left of a pulse that began at a tick (0: none does)
float pulseOf(float began) { return began < 0.5 ? 0.0 : max(0.0, 1.0 - mod(u_tick - began, ${TICKS.toFixed(1)}) / ${PULSE_TICKS.toFixed(1)}); }
bool hit(vec4 what, float z) { return z >= what.y && z <= what.z; }
// how much of the light for a thing (number, heights, strength) falls on a texel of numbers
float glow(vec4 what, vec4 ids, float z) {
  bool here = abs(ids.r + ids.g * 256.0 - what.x) < 0.5 || abs(ids.b + ids.a * 256.0 - what.x) < 0.5;
  return what.x > 0.5 && here && hit(what, z) ? what.w : 0.0;
}
void fragmentMain(FragmentInput fsInput, inout czm_modelMaterial material) {
  vec3 p = (u_eyeToSite * vec4(fsInput.attributes.positionEC, 1.0)).xyz;
  vec3 nx = dFdx(p);
  vec3 ny = dFdy(p);
  vec3 normal = normalize(cross(nx, ny) + vec3(0.0, 0.0, 1e-6));
  float px = max(length(nx.xy), length(ny.xy));
  if (u_cutHalf.x > 0.0) {
    vec2 q = p.xy - u_cutBox.xy;
    vec2 uv = vec2(dot(q, u_cutBox.zw), dot(q, vec2(-u_cutBox.w, u_cutBox.z)));
    if (abs(uv.x) < u_cutHalf.x && abs(uv.y) < u_cutHalf.y && p.z > u_cutHalf.z) discard;
  }
  if (u_pit.w > 0.5 && abs(p.x - u_pit.x) < u_pit.z && abs(p.y - u_pit.y) < u_pit.z && p.z < 0.6 + 0.4 * normal.z) discard;
  float beyond = dot(p, u_section.xyz) - u_section.w;
  if (dot(u_section.xyz, u_section.xyz) > 0.5 && beyond > 0.0) discard;
  vec3 base = material.diffuse;
  float luma = dot(base, vec3(0.2126, 0.7152, 0.0722));
  base = mix(vec3(luma), base, u_tone.x) * u_tone.y;
  vec2 uv = (p.xy - u_box.xy) * u_box.zw;
  float dim = u_dim;
  float hover = 0.0;
  if (u_opacity > 0.0 && uv.x > 0.0 && uv.y > 0.0 && uv.x < 1.0 && uv.y < 1.0) {
    vec4 ids = floor(texture(u_ids, uv) * 255.0 + 0.5);
    vec2 edge = texture(u_edges, uv).rg * ${REACH.toFixed(1)};
    float a = ids.r + ids.g * 256.0;
    float b = ids.b + ids.a * 256.0;
    hover = max(hover, glow(u_hoverZone, ids, p.z));
    // what is lit is lit in its whole height
    if (a > 0.5 && zoneFlags(a).b * 255.0 > 15.5) dim = 0.0;
    bool first = zoneHolds(a, p.z);
    float n = first ? a : (zoneHolds(b, p.z) ? b : 0.0);
    if (n > 0.5) {
      float d = first ? edge.x : edge.y;
      vec4 paint = zonePaint(n);
      vec4 flags = zoneFlags(n);
      vec3 colour = czm_srgbToLinear(paint.rgb);
      float flat_ = smoothstep(0.25, 0.75, abs(normal.z));
      float pattern = mod(floor(flags.b * 255.0 + 0.5), 16.0);
      float ink = 0.0;
      float spacing = pattern == 1.0 ? 5.0 : (pattern == 2.0 ? 10.0 : 7.0);
      if (pattern > 0.5 && pattern < 2.5) {
        float s = abs(fract((p.x + p.y) / spacing) - 0.5) * spacing;
        ink = 1.0 - smoothstep(0.35 - px, 0.35 + px, s);
      } else if (pattern > 2.5) {
        vec2 c = (fract(p.xy / spacing) - 0.5) * spacing;
        ink = 1.0 - smoothstep(0.55 - px, 0.55 + px, length(c));
      }
      ink *= (1.0 - smoothstep(0.15, 0.35, px / spacing)) * flat_;
      float selected = flags.r;
      float alpha = paint.a * mix(0.5, 1.0, flat_) * (1.0 + 0.55 * ink) + 0.4 * pulseOf(floor(flags.g * 255.0 + 0.5)) + 0.12 * selected;
      float width = max(2.0 * px, min(0.8, 0.3 + 8.0 * px)) * (1.0 + 0.6 * selected);
      float rim = (1.0 - smoothstep(width, width + max(px, 0.15), d)) * flags.a * mix(0.35, 1.0, flat_);
      float gap = smoothstep(0.2, 0.2 + max(px, 0.2), d);
      vec3 rimColour = mix(mix(colour, vec3(1.0), 0.08), vec3(1.0), selected * 0.9);
      vec3 body = colour * mix(0.72, 1.25, sqrt(clamp(luma, 0.0, 1.0)));
      base = mix(base, body, clamp(alpha, 0.0, 0.92) * u_opacity);
      base = mix(base, rimColour, clamp(rim * gap, 0.0, 1.0) * u_opacity);
    }
  }
  // a wall stands on the edge of its footprint: look for its object a little behind it
  vec2 behind = abs(normal.z) < 0.6 ? p.xy - normalize(normal.xy + 1e-6) * 0.7 : p.xy;
  vec2 ov = (behind - u_objectBox.xy) * u_objectBox.zw;
  float chosen = 0.0;
  if (u_objectBox.z > 0.0 && ov.x > 0.0 && ov.y > 0.0 && ov.x < 1.0 && ov.y < 1.0) {
    vec4 numbers = floor(texture(u_objects, ov) * 255.0 + 0.5);
    hover = max(hover, glow(u_hoverObject, numbers, p.z));
    chosen = glow(u_chosenObject, numbers, p.z);
  }
  vec3 shine = vec3(1.0) * (0.35 + 0.65 * sqrt(clamp(luma, 0.0, 1.0)));
  base = mix(base, shine, 0.3 * hover);
  base = mix(base, u_glow * (0.45 + 0.9 * sqrt(clamp(luma, 0.0, 1.0))), 0.42 * chosen);
  vec2 hv = (p.xy - u_heatBox.xy) * u_heatBox.zw;
  if (u_heatBox.z > 0.0 && hv.x > 0.0 && hv.y > 0.0 && hv.x < 1.0 && hv.y < 1.0) {
    float v = texture(u_heat, hv).r;
    base = mix(base, czm_srgbToLinear(mix(u_heatLow, u_heatHigh, v * v)), min(0.9, v * 1.6));
  }
  // the edge of a section is drawn
  float cutEdge = dot(u_section.xyz, u_section.xyz) > 0.5 ? 1.0 - smoothstep(0.12, 0.12 + 2.0 * px, -beyond) : 0.0;
  base = mix(base, u_glow, 0.8 * cutEdge);
  material.diffuse = base * (1.0 - 0.72 * dim);
}
`
