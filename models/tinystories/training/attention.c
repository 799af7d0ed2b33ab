// Causal attention with rotary embedding for head dimension 4, forward and backward, float32.
//
// Training on a CPU spends three quarters of its time in a general attention kernel at this head
// dimension; here 16 queries (or keys) share one AVX-512 register, so nothing is reduced across
// lanes. Compiled by attention.py at run time; used by the training scripts only.
//
// Layouts, all contiguous float32:
//   qkv     [batch, length, 3, heads, 4]   before the rotation
//   out     [batch, length, heads, 4]
//   log_sum [batch, heads, length]         log2 of the softmax denominator
//   cosine, sine [length, 2]
// `length` is a multiple of 16 and at most 256. With q_step > 0 the rotated queries are rounded to
// multiples of q_step (int8 range), likewise the keys; the gradient passes straight through.

#include <immintrin.h>
#include <math.h>
#include <string.h>

#define MAX_LENGTH 256
#define LANES 16

static inline __m512 exp2_vector(__m512 x) {
  // 2^x = 2^round(x) * 2^fraction; polynomial of degree 4 on [-0.5, 0.5], relative error 3e-6.
  const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 r = _mm512_sub_ps(x, whole);
  __m512 p = _mm512_set1_ps(9.58285e-3f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.590642e-2f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(2.4024099e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(6.9312419e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
  return _mm512_scalef_ps(p, whole);
}

static inline __mmask16 from_lane(int lane) { return (__mmask16)(0xFFFFu << lane); }

static inline __mmask16 up_to_lane(int lane) { return (__mmask16)((2u << lane) - 1); }

static float quantize(float x, float step) {
  if (step <= 0.0f) return x;
  float q = nearbyintf(x / step);
  q = q < -128.0f ? -128.0f : (q > 127.0f ? 127.0f : q);
  return q * step;
}

typedef struct {
  float q[4][MAX_LENGTH], k[4][MAX_LENGTH], v[4][MAX_LENGTH];
} Head;

static void load_head(const float *qkv, int length, int heads, const float *cosine,
                      const float *sine, float q_step, float k_step, Head *head, float *q_peak,
                      float *k_peak) {
  for (int t = 0; t < length; t++) {
    const float *q = qkv + (long)t * 3 * heads * 4;
    const float *k = q + heads * 4, *v = k + heads * 4;
    for (int f = 0; f < 2; f++) {
      const float c = cosine[2 * t + f], s = sine[2 * t + f];
      const float q0 = c * q[f] - s * q[f + 2], q1 = s * q[f] + c * q[f + 2];
      const float k0 = c * k[f] - s * k[f + 2], k1 = s * k[f] + c * k[f + 2];
      *q_peak = fmaxf(*q_peak, fmaxf(fabsf(q0), fabsf(q1)));
      *k_peak = fmaxf(*k_peak, fmaxf(fabsf(k0), fabsf(k1)));
      head->q[f][t] = quantize(q0, q_step);
      head->q[f + 2][t] = quantize(q1, q_step);
      head->k[f][t] = quantize(k0, k_step);
      head->k[f + 2][t] = quantize(k1, k_step);
    }
    for (int d = 0; d < 4; d++) head->v[d][t] = v[d];
  }
}

static const float kLog2E = 1.44269504f;

// peaks[0], peaks[1]: largest magnitude of the rotated queries and keys (before rounding).
void attention_forward(const float *qkv, const float *cosine, const float *sine, int batch,
                       int length, int heads, float q_step, float k_step, float *out,
                       float *log_sum, float *peaks) {
  static __thread Head h;
  peaks[0] = peaks[1] = 0.0f;
  for (int b = 0; b < batch; b++) {
    for (int n = 0; n < heads; n++) {
      load_head(qkv + (long)b * length * 3 * heads * 4 + n * 4, length, heads, cosine, sine, q_step,
                k_step, &h, &peaks[0], &peaks[1]);
      for (int i = 0; i < length; i += LANES) {
        const __m512 scale = _mm512_set1_ps(0.5f * kLog2E);
        __m512 q[4], o[4], peak = _mm512_set1_ps(-1e30f), sum = _mm512_setzero_ps();
        for (int d = 0; d < 4; d++) {
          q[d] = _mm512_mul_ps(_mm512_loadu_ps(&h.q[d][i]), scale);
          o[d] = _mm512_setzero_ps();
        }
        // Whole blocks of earlier keys first, then the block on the diagonal with its mask.
        float scores[MAX_LENGTH][LANES];
        for (int j = 0; j < i + LANES; j++) {
          __m512 s = _mm512_mul_ps(q[0], _mm512_set1_ps(h.k[0][j]));
          for (int d = 1; d < 4; d++) s = _mm512_fmadd_ps(q[d], _mm512_set1_ps(h.k[d][j]), s);
          if (j >= i) s = _mm512_mask_mov_ps(_mm512_set1_ps(-1e30f), from_lane(j - i), s);
          peak = _mm512_max_ps(peak, s);
          _mm512_storeu_ps(scores[j], s);
        }
        for (int j = 0; j < i + LANES; j++) {
          const __m512 p = exp2_vector(_mm512_sub_ps(_mm512_loadu_ps(scores[j]), peak));
          sum = _mm512_add_ps(sum, p);
          for (int d = 0; d < 4; d++) o[d] = _mm512_fmadd_ps(p, _mm512_set1_ps(h.v[d][j]), o[d]);
        }
        float sums[LANES], peaks16[LANES], rows[4][LANES];
        _mm512_storeu_ps(sums, sum);
        _mm512_storeu_ps(peaks16, peak);
        for (int d = 0; d < 4; d++) _mm512_storeu_ps(rows[d], _mm512_div_ps(o[d], sum));
        for (int l = 0; l < LANES; l++) {
          log_sum[((long)b * heads + n) * length + i + l] = peaks16[l] + log2f(sums[l]);
          for (int d = 0; d < 4; d++)
            out[(((long)b * length + i + l) * heads + n) * 4 + d] = rows[d][l];
        }
      }
    }
  }
}

void attention_backward(const float *qkv, const float *cosine, const float *sine, int batch,
                        int length, int heads, float q_step, float k_step, const float *out,
                        const float *log_sum, const float *d_out, float *d_qkv) {
  static __thread Head h;
  static __thread float g[4][MAX_LENGTH], delta[MAX_LENGTH];
  static __thread float dq[4][MAX_LENGTH], dk[4][MAX_LENGTH], dv[4][MAX_LENGTH];
  const __m512 scale = _mm512_set1_ps(0.5f * kLog2E);
  const __m512 half = _mm512_set1_ps(0.5f);
  float peaks[2] = {0, 0};
  for (int b = 0; b < batch; b++) {
    for (int n = 0; n < heads; n++) {
      const long head_offset = (long)b * length * 3 * heads * 4 + n * 4;
      load_head(qkv + head_offset, length, heads, cosine, sine, q_step, k_step, &h, &peaks[0],
                &peaks[1]);
      for (int t = 0; t < length; t++) {
        const long at = (((long)b * length + t) * heads + n) * 4;
        float sum = 0.0f;
        for (int d = 0; d < 4; d++) {
          g[d][t] = d_out[at + d];
          sum += d_out[at + d] * out[at + d];
        }
        delta[t] = sum;
      }
      const float *lse = log_sum + ((long)b * heads + n) * length;
      // 16 queries per register, all keys up to them.
      for (int i = 0; i < length; i += LANES) {
        __m512 q[4], go[4], acc[4];
        const __m512 lse_i = _mm512_loadu_ps(lse + i), delta_i = _mm512_loadu_ps(delta + i);
        for (int d = 0; d < 4; d++) {
          q[d] = _mm512_mul_ps(_mm512_loadu_ps(&h.q[d][i]), scale);
          go[d] = _mm512_loadu_ps(&g[d][i]);
          acc[d] = _mm512_setzero_ps();
        }
        for (int j = 0; j < i + LANES; j++) {
          __m512 s = _mm512_fmsub_ps(q[0], _mm512_set1_ps(h.k[0][j]), lse_i);
          __m512 dp = _mm512_fmsub_ps(go[0], _mm512_set1_ps(h.v[0][j]), delta_i);
          for (int d = 1; d < 4; d++) {
            s = _mm512_fmadd_ps(q[d], _mm512_set1_ps(h.k[d][j]), s);
            dp = _mm512_fmadd_ps(go[d], _mm512_set1_ps(h.v[d][j]), dp);
          }
          __m512 ds = _mm512_mul_ps(exp2_vector(s), dp);
          if (j >= i) ds = _mm512_maskz_mov_ps(from_lane(j - i), ds);
          for (int d = 0; d < 4; d++)
            acc[d] = _mm512_fmadd_ps(ds, _mm512_set1_ps(h.k[d][j]), acc[d]);
        }
        for (int d = 0; d < 4; d++) _mm512_storeu_ps(&dq[d][i], _mm512_mul_ps(acc[d], half));
      }
      // 16 keys per register, all queries from them on.
      for (int j = 0; j < length; j += LANES) {
        __m512 k[4], v[4], acc_k[4], acc_v[4];
        for (int d = 0; d < 4; d++) {
          k[d] = _mm512_mul_ps(_mm512_loadu_ps(&h.k[d][j]), scale);
          v[d] = _mm512_loadu_ps(&h.v[d][j]);
          acc_k[d] = acc_v[d] = _mm512_setzero_ps();
        }
        for (int i = j; i < length; i++) {
          __m512 s = _mm512_fmsub_ps(k[0], _mm512_set1_ps(h.q[0][i]), _mm512_set1_ps(lse[i]));
          __m512 dp = _mm512_fmsub_ps(v[0], _mm512_set1_ps(g[0][i]), _mm512_set1_ps(delta[i]));
          for (int d = 1; d < 4; d++) {
            s = _mm512_fmadd_ps(k[d], _mm512_set1_ps(h.q[d][i]), s);
            dp = _mm512_fmadd_ps(v[d], _mm512_set1_ps(g[d][i]), dp);
          }
          __m512 p = exp2_vector(s);
          if (i < j + LANES) p = _mm512_maskz_mov_ps(up_to_lane(i - j), p);
          const __m512 ds = _mm512_mul_ps(p, dp);
          for (int d = 0; d < 4; d++) {
            acc_v[d] = _mm512_fmadd_ps(p, _mm512_set1_ps(g[d][i]), acc_v[d]);
            acc_k[d] = _mm512_fmadd_ps(ds, _mm512_set1_ps(h.q[d][i]), acc_k[d]);
          }
        }
        for (int d = 0; d < 4; d++) {
          _mm512_storeu_ps(&dk[d][j], _mm512_mul_ps(acc_k[d], half));
          _mm512_storeu_ps(&dv[d][j], acc_v[d]);
        }
      }
      for (int t = 0; t < length; t++) {
        float *q_out = d_qkv + head_offset + (long)t * 3 * heads * 4;
        float *k_out = q_out + heads * 4, *v_out = k_out + heads * 4;
        for (int f = 0; f < 2; f++) {
          const float c = cosine[2 * t + f], s = sine[2 * t + f];
          q_out[f] = c * dq[f][t] + s * dq[f + 2][t];
          q_out[f + 2] = c * dq[f + 2][t] - s * dq[f][t];
          k_out[f] = c * dk[f][t] + s * dk[f + 2][t];
          k_out[f + 2] = c * dk[f + 2][t] - s * dk[f][t];
        }
        for (int d = 0; d < 4; d++) v_out[d] = dv[d][t];
      }
    }
  }
}
