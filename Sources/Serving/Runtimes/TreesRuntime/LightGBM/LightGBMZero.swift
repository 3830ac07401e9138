/// LightGBM's `kZeroThreshold`: what is no farther from zero counts as zero.
enum LightGBMZero {
  static let threshold = Double(1e-35 as Float)
}
