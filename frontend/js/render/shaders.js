/**
 * The shaders of the WebGL2 renderer. Their arithmetic must match geometry.js, stamps.js and
 * style.js.
 */

import { ABSENT, STEPS } from '../compute/density.js';
import { PERSPECTIVE, SPACE_SCALE } from '../compute/geometry.js';
import {
  DIAMOND,
  DIM,
  EDGE,
  EDGE_OPACITY,
  FALL,
  FULL_OPACITY,
  FULL_RING,
  HALO,
  LUMINANCE,
  MIN_OPACITY,
  MIN_SHAPED,
  SPRITE_SCALE,
  STANDOUT,
  TO_PIXEL,
} from './style.js';
import { FLAG } from '../compute/flag_bits.js';

/** Texels in a row of the textures that hold long lists. */
export const ROW = 4096;
/** Style of a point, stored in the highest bits of its entry in the order texture. */
export const LOOK = Object.freeze({ plain: 0, hit: 1, selected: 2, emphasis: 3, user: 4 });
/** Bits of an entry below its style: the index of the point. */
export const LOOK_SHIFT = 29;

/** @param {number} value @returns {string} A number as GLSL writes it. */
function glsl(value) {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

const LOOKS = [
  { scale: 1, minSize: 0, ring: 0 },
  STANDOUT.hit,
  STANDOUT.selected,
  STANDOUT.emphasis,
  STANDOUT.user,
];
/** @param {'scale' | 'minSize' | 'ring'} field */
const column = (field) => LOOKS.map((look) => glsl(look[field])).join(', ');

const HEADER = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
precision highp sampler2D;
`;

/** One vertex is a point, one instance a cell. */
export const VERTEX = `${HEADER}
uniform usampler2D uPositions;
uniform usampler2D uFrom;
uniform usampler2D uOrder;
uniform usampler2D uFlags;
uniform usampler2D uIsSprite;
uniform usampler2D uDensity;
uniform sampler2D uColors;
uniform sampler2D uSizes;
uniform sampler2D uCells;
uniform mat3 uTurn;
uniform vec2 uResolution;
uniform vec3 uBackground;
uniform vec3 uDimmed;
uniform float uOpacity;
uniform float uBlend;
uniform float uRatio;
uniform float uDiameter;
uniform int uOrderStart;
uniform int uNPoints;
uniform int uNQueries;
uniform bool uIsDeep;
uniform bool uSharesColors;
uniform bool uSharesSizes;
uniform bool uHasSizes;
uniform bool uHasSprites;
uniform bool uHasSpriteMask;

out vec4 vColor;
flat out float vExtent;
flat out float vRadius;
flat out float vRing;
flat out float vHalo;
flat out int vIsKey;
flat out int vToken;

ivec2 texel(int index) { return ivec2(index % ${ROW}, index / ${ROW}); }

const float SCALES[5] = float[5](${column('scale')});
const float MIN_SIZES[5] = float[5](${column('minSize')});
const float RINGS[5] = float[5](${column('ring')});

void main() {
  vec4 cell = texelFetch(uCells, ivec2(0, gl_InstanceID), 0);
  float layers = texelFetch(uCells, ivec2(1, gl_InstanceID), 0).x;
  uint entry = texelFetch(uOrder, texel(uOrderStart + gl_VertexID), 0).x;
  int point = int(entry & 0x1fffffffu);
  int look = int(entry >> ${LOOK_SHIFT}u);
  int inAll = int(cell.w) * uNPoints + point;
  uint step = texelFetch(uDensity, texel(inAll), 0).x;
  if (step == ${ABSENT}u) {
    gl_PointSize = 0.0;
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    return;
  }
  float steps = float(step) - ${glsl(STEPS.even)};
  layers *= exp2(steps / ${glsl(STEPS.perDoubling)});
  float fitting = ${glsl(FULL_OPACITY)} / (1.0 + ${glsl(FALL)} * max(0.0, layers - 1.0));
  float opacity = min(${glsl(FULL_OPACITY)}, uOpacity * max(${glsl(MIN_OPACITY)}, fitting));

  vec3 at = vec3(texelFetch(uPositions, texel(inAll), 0).xyz);
  if (uBlend < 1.0) at = mix(vec3(texelFetch(uFrom, texel(inAll), 0).xyz), at, uBlend);
  vec4 part = texelFetch(uCells, ivec2(2, gl_InstanceID), 0);
  at = at / 65535.0 - 0.5;
  if (!uIsDeep) at.xy = (at.xy + 0.5 - part.xy) / part.z;
  float grown = 1.0;
  float fade = 1.0;
  if (uIsDeep) {
    at = uTurn * at;
    grown = 1.0 / (1.0 + ${glsl(PERSPECTIVE)} * at.z);
    fade = clamp(0.7 - 0.85 * at.z, 0.25, 1.0);
    at.xy *= ${glsl(SPACE_SCALE)} * grown;
  }
  vec2 place = cell.xy + cell.z * vec2(at.x, -at.y);

  uint flag = texelFetch(uFlags, texel(point), 0).x;
  vec3 color = texelFetch(uColors, texel(uSharesColors ? point : inAll), 0).rgb;
  bool isDimmed = look == 0 && (flag & ${FLAG.dimmed}u) != 0u;
  if (isDimmed) color = uDimmed;
  float share = uHasSizes ? texelFetch(uSizes, texel(uSharesSizes ? point : inAll), 0).x : 1.0;

  vIsKey = point < uNQueries ? 0 : 1;
  int token = vIsKey == 0 ? point : point - uNQueries;
  bool isSprite = uHasSprites;
  if (isSprite && uHasSpriteMask) isSprite = texelFetch(uIsSprite, texel(token), 0).x != 0u;
  vToken = isSprite ? token : -1;
  vHalo = look == 0 ? 0.0 : ${glsl(HALO)} * uRatio;
  vRing = RINGS[look] * uRatio;
  float diameter = uDiameter * share * grown;
  bool isTiny = look == 0 && !isSprite && !uHasSprites && uDiameter < ${glsl(MIN_SHAPED)};
  // Points outside a cropped cell are clipped: 2 × 2 blocks as a whole, others by their centre.
  float more = isTiny && uDiameter >= 1.5 ? 1.0 : 0.0;
  vec2 pixel = floor(place - 0.5 * more);
  vec2 first = floor(cell.xy - part.w + ${glsl(TO_PIXEL)});
  vec2 end = floor(cell.xy + part.w + ${glsl(TO_PIXEL)});
  if (any(lessThan(pixel, first)) || any(greaterThanEqual(pixel + more, end))) {
    gl_PointSize = 0.0;
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    return;
  }
  if (isSprite) {
    float side = floor(uDiameter * ${glsl(SPRITE_SCALE)} + 0.5);
    vRadius = floor(side * SCALES[look] * grown + 0.5) / 2.0;
    vRing = floor(vRing + 0.5);
    vHalo = vRing > 0.0 ? 0.0 : floor(vHalo + 0.5);
    vExtent = vRadius + vRing + vHalo;
    opacity = min(1.0, uOpacity);
    place = floor(place) + fract(vExtent);
  } else if (isTiny) {
    vRadius = -1.0;
    vExtent = uDiameter < 1.5 ? 0.5 : 1.0;
    opacity *= fade * max(0.1, share);
    // snapped to whole pixels, independent of the GPU's precision
    place = uDiameter < 1.5 ? floor(place) + 0.5 : floor(place + 0.5);
  } else {
    vRadius = max(diameter * SCALES[look], MIN_SIZES[look] * uRatio) / 2.0;
    vRing = RINGS[look] * min(uRatio, 2.0 * vRadius / ${glsl(FULL_RING)});
    if (look == 0) {
      vHalo = min(${glsl(EDGE.width)} * uRatio, ${glsl(EDGE.share)} * diameter);
      color = mix(uBackground, color, fade);
    }
    if (look != 0) opacity = 1.0;
    vExtent = (vRadius + vRing + vHalo) * ${glsl(DIAMOND)} + 1.0;
  }
  vColor = vec4(color, isSprite && isDimmed ? -opacity : opacity);
  gl_PointSize = 2.0 * vExtent;
  vec2 unit = 2.0 * place / uResolution;
  gl_Position = vec4(unit.x - 1.0, 1.0 - unit.y, 0.0, 1.0);
}
`;

/** Disc, diamond or image, with its ring and a line of background where the point stands out. */
export const FRAGMENT = `${HEADER}
uniform sampler2D uSprites;
uniform vec3 uBackground;
uniform vec3 uInk;
uniform int uSide;
uniform float uOutline;
uniform float uFill;

in vec4 vColor;
flat in float vExtent;
flat in float vRadius;
flat in float vRing;
flat in float vHalo;
flat in int vIsKey;
flat in int vToken;
out vec4 oColor;

vec3 patchImage(vec2 at) {
  ivec2 pixel = ivec2(floor((at + vRadius) * float(uSide) / (2.0 * vRadius)));
  pixel = clamp(pixel, ivec2(0), ivec2(uSide - 1));
  int index = (vToken * uSide + pixel.y) * uSide + pixel.x;
  return texelFetch(uSprites, ivec2(index % ${ROW}, index / ${ROW}), 0).rgb;
}

float inside(vec2 at, float radius) {
  if (vIsKey == 0) return radius - length(at);
  return (radius * ${glsl(DIAMOND)} - abs(at.x) - abs(at.y)) * ${glsl(Math.SQRT1_2)};
}

void main() {
  vec2 at = (gl_PointCoord - 0.5) * 2.0 * vExtent;
  if (vToken >= 0) {
    float far = max(abs(at.x), abs(at.y));
    vec3 color = far > vRadius - uOutline ? vColor.rgb : mix(patchImage(at), vColor.rgb, uFill);
    float grey = dot(patchImage(at), vec3(${LUMINANCE.join(', ')}));
    if (vColor.a < 0.0) color = mix(uBackground, vec3(grey), ${glsl(DIM)});
    if (far > vRadius) color = vRing > 0.0 && far <= vRadius + vRing ? uInk : uBackground;
    oColor = vec4(color, abs(vColor.a));
    return;
  }
  if (vRadius < 0.0) {
    oColor = vColor;
    return;
  }
  float mark = vColor.a * clamp(inside(at, vRadius) + 0.5, 0.0, 1.0);
  float ring = vRing > 0.0 ? clamp(inside(at, vRadius + vRing) + 0.5, 0.0, 1.0) : 0.0;
  float edge = 1.0;
  if (vColor.a < 1.0) edge = ${glsl(EDGE_OPACITY)} * pow(vColor.a / ${glsl(FULL_OPACITY)}, 3.0);
  float halo = edge * clamp(inside(at, vRadius + vRing + vHalo) + 0.5, 0.0, 1.0);
  vec3 under = mix(uBackground, uInk, ring);
  float below = max(halo, ring) * (1.0 - mark);
  oColor = vec4((under * below + vColor.rgb * mark) / max(below + mark, 1e-4), below + mark);
}
`;
