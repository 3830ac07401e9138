/// A name that a pickle may mention. Names are looked up here and nowhere else; none is ever imported or
/// called.
///
/// A class, so that a file may mention one as often as it likes at the cost of a reference.
final class PickleGlobal: Sendable {
  /// What the machine does when the name is "called".
  enum Meaning: Sendable, Hashable {
    case arrayReconstruct, arrayFromBuffer, arrayClass, arrayWrapper, legacyArrayWrapper
    case dtypeClass, scalar
    case encode, bytesClass, bytearrayClass, setClass, dictionaryClass, listClass, tupleClass
    case reconstructor, newObject
    /// Instances are kept as data and read by the binder.
    case estimator, tree
    /// Instances are kept as data that no predictor reads (random states, type objects).
    case opaque
  }

  let module: String
  let name: String
  let meaning: Meaning

  var fullName: String { "\(module).\(name)" }

  private init(module: String, name: String, meaning: Meaning) {
    self.module = module
    self.name = name
    self.meaning = meaning
  }

  /// The closed list.
  static func find(module: String, name: String) -> PickleGlobal? {
    table[module]?[name]
  }

  private static let table: [String: [String: PickleGlobal]] = {
    var table: [String: [String: PickleGlobal]] = [:]
    func add(_ modules: [String], _ names: [String: Meaning]) {
      for module in modules {
        for (name, meaning) in names {
          table[module, default: [:]][name] = PickleGlobal(module: module, name: name, meaning: meaning)
        }
      }
    }
    add(
      ["numpy.core.multiarray", "numpy._core.multiarray"],
      ["_reconstruct": .arrayReconstruct, "scalar": .scalar])
    add(["numpy.core.numeric", "numpy._core.numeric"], ["_frombuffer": .arrayFromBuffer])
    add(["numpy"], numpyNames)
    add(
      ["joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle"],
      ["NumpyArrayWrapper": .arrayWrapper, "NDArrayWrapper": .legacyArrayWrapper])
    add(
      ["joblib.numpy_pickle_compat", "sklearn.externals.joblib.numpy_pickle_compat"],
      ["NDArrayWrapper": .legacyArrayWrapper, "ZNDArrayWrapper": .legacyArrayWrapper])
    add(["builtins", "__builtin__"], builtinNames)
    add(["_codecs"], ["encode": .encode])
    add(["copyreg", "copy_reg"], ["_reconstructor": .reconstructor, "__newobj__": .newObject])
    add(["collections"], ["OrderedDict": .dictionaryClass, "defaultdict": .dictionaryClass])
    add(
      ["numpy.random._pickle"],
      ["__randomstate_ctor": .opaque, "__bit_generator_ctor": .opaque, "__generator_ctor": .opaque])
    for generator in ["MT19937", "PCG64", "Philox", "SFC64"] {
      add(["numpy.random._\(generator.lowercased())"], [generator: .opaque])
    }
    add(["numpy.random._pcg64"], ["PCG64DXSM": .opaque])
    add(["numpy.random.mtrand"], ["RandomState": .opaque])
    add(["numpy.random._generator"], ["Generator": .opaque])
    add(["numpy.random.bit_generator"], ["SeedSequence": .opaque, "__pyx_unpickle_SeedSequence": .opaque])
    for (module, names) in estimatorModules {
      for name in names { add([module], [name: .estimator]) }
    }
    add(["sklearn.tree._tree", "sklearn.tree.tree"], ["Tree": .tree])
    add(
      ["scipy.sparse._csr", "scipy.sparse.csr"],
      ["csr_matrix": .opaque, "csr_array": .opaque])
    return table
  }()

  private static let numpyNames: [String: Meaning] = {
    var names: [String: Meaning] = ["ndarray": .arrayClass, "memmap": .arrayClass, "dtype": .dtypeClass]
    let types = [
      "bool_", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16",
      "float32", "float64", "str_", "bytes_", "object_", "intc", "intp", "longlong",
    ]
    for type in types { names[type] = .opaque }
    return names
  }()

  private static let builtinNames: [String: Meaning] = [
    "bytes": .bytesClass, "bytearray": .bytearrayClass, "set": .setClass, "frozenset": .setClass,
    "dict": .dictionaryClass, "list": .listClass, "tuple": .tupleClass, "object": .opaque, "slice": .opaque,
    "range": .opaque, "xrange": .opaque, "complex": .opaque, "int": .opaque, "float": .opaque, "str": .opaque,
    "bool": .opaque,
  ]

  /// The classes that the binder knows, and those that appear inside them.
  private static let estimatorModules: [(String, [String])] = [
    ("sklearn.svm._classes", ["SVC"]),
    ("sklearn.svm.classes", ["SVC"]),
    ("sklearn.linear_model._logistic", ["LogisticRegression"]),
    ("sklearn.linear_model.logistic", ["LogisticRegression"]),
    ("sklearn.ensemble._forest", ["RandomForestClassifier", "RandomForestRegressor"]),
    ("sklearn.ensemble.forest", ["RandomForestClassifier", "RandomForestRegressor"]),
    ("sklearn.tree._classes", ["DecisionTreeClassifier", "DecisionTreeRegressor"]),
    ("sklearn.tree.tree", ["DecisionTreeClassifier", "DecisionTreeRegressor"]),
    ("sklearn.preprocessing._data", ["StandardScaler"]),
    ("sklearn.preprocessing.data", ["StandardScaler"]),
    ("sklearn.preprocessing._label", ["LabelEncoder", "LabelBinarizer"]),
    ("sklearn.preprocessing.label", ["LabelEncoder", "LabelBinarizer"]),
    ("sklearn.pipeline", ["Pipeline"]),
  ]
}
