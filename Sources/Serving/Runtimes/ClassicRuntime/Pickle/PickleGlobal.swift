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
    /// Instances are kept as data that no predictor reads (random states, type objects, scorers).
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

  /// The closed list, and beside it whatever lies in scikit-learn itself: searches, scorers and settings keep
  /// many such objects, which are data without a meaning here.
  static func find(module: String, name: String) -> PickleGlobal? {
    if let known = table[module]?[name] { return known }
    guard isData(module), module.utf8.count + name.utf8.count <= 256, !name.utf8.contains(UInt8(ascii: "."))
    else { return nil }
    return PickleGlobal(module: module, name: name, meaning: .opaque)
  }

  /// Modules whose classes may appear in a search's settings and results.
  private static func isData(_ module: String) -> Bool {
    if module == "sklearn" || module.hasPrefix("sklearn.") { return true }
    return module.hasPrefix("scipy.stats.") || module == "numpy.ma.core" || module == "numpy.ma"
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
    // Kept as what it was made of; a function in it must be on the list itself.
    add(["functools"], ["partial": .opaque])
    add(["sklearn.utils", "sklearn.utils._bunch"], ["Bunch": .dictionaryClass])
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
    for family in EstimatorRegistry.families {
      for name in family.estimators.keys { add(family.modules, [name: .estimator]) }
      for name in family.parts { add(family.modules, [name: .estimator]) }
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
}
