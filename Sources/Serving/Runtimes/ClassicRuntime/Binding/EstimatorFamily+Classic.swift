extension EstimatorFamily {
  /// Estimators that are neither trees nor made of other estimators.
  static let classicFamilies: [EstimatorFamily] =
    linearModels + [supportVectors, scalers, labelEncoders]

  static let labelEncoders = EstimatorFamily(
    ["sklearn.preprocessing._label", "sklearn.preprocessing.label"],
    parts: ["LabelEncoder", "LabelBinarizer"])
}
