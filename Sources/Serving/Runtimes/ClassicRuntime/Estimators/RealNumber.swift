internal import CShims
internal import InferenceProtocol

/// float32 and float64: the types in which scikit-learn calculates (`FLOAT_DTYPES`).
protocol RealNumber: BinaryFloatingPoint, Sendable {
  static func values(_ numbers: [Self]) -> TensorValues
  static func read(_ rows: RowMatrix) -> [Self]
  /// One rounding.
  init(wide: Double)
  var wide: Double { get }
  /// glibc's, in the type's own precision and range.
  static func exponential(of number: Self) -> Self
  /// numpy's `spacing(1)`.
  static var epsilon: Self { get }
}

extension Double: RealNumber {
  static func values(_ numbers: [Double]) -> TensorValues { .float64(numbers) }
  static func read(_ rows: RowMatrix) -> [Double] { rows.doubles() }
  init(wide: Double) { self = wide }
  var wide: Double { self }
  static func exponential(of number: Double) -> Double { apus_exp(number) }
  static var epsilon: Double { ulpOfOne }
}

extension Float: RealNumber {
  static func values(_ numbers: [Float]) -> TensorValues { .float32(numbers) }
  static func read(_ rows: RowMatrix) -> [Float] { rows.floats() }
  init(wide: Double) { self = Float(wide) }
  var wide: Double { Double(self) }
  static func exponential(of number: Float) -> Float { apus_expf(number) }
  static var epsilon: Float { ulpOfOne }
}
