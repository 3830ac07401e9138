#ifndef APUS_SHIMS_DOT_H
#define APUS_SHIMS_DOT_H

/// results[i] = row · vectors[i], for `count` vectors of `width` doubles that lie one after the other.
///
/// The sums have the order and the fused steps of the ddot that scikit-learn's libsvm calls on processors with AVX2
/// (sixteen partial sums, folded pairwise, then the rest one by one), on every processor.
void apus_dot_products(const double *row, const double *vectors, long count, long width, double *results);
/// results[i] = |row - vectors[i]|², summed likewise. `scratch` holds `width` doubles.
void apus_squared_distances(
    const double *row, const double *vectors, long count, long width, double *scratch, double *results);

#endif
