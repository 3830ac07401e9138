internal import Basics
@testable internal import ClassicRuntime
internal import Linux
internal import ModelRuntime
internal import TestSupport
internal import Testing

@Suite("Names outside the closed list")
struct PickleRefusalTests {
  /// `os.system("touch FILE")` as every way to name a callable writes it.
  private func attacks(_ file: String) -> [(String, Bytes)] {
    let command = "touch \(file)"
    return [
      (
        "GLOBAL",
        PickleBuilder.make {
          $0.global("os", "system")
          $0.text(command)
          $0.add(0x85)
          $0.add(0x52)
        }
      ),
      (
        "STACK_GLOBAL",
        PickleBuilder.make {
          $0.text("posix")
          $0.text("system")
          $0.add(0x93)
          $0.text(command)
          $0.add(0x85)
          $0.add(0x52)
        }
      ),
      ("INST", Bytes("(S'\(command)'\nios\nsystem\n.".utf8)),
      (
        "builtins.eval",
        PickleBuilder.make {
          $0.global("builtins", "eval")
          $0.text("__import__('os').system('\(command)')")
          $0.add(0x85)
          $0.add(0x52)
        }
      ),
      (
        "getattr on a known module",
        PickleBuilder.make {
          $0.global("numpy.core.multiarray", "os.system")
          $0.text(command)
          $0.add(0x85)
          $0.add(0x52)
        }
      ),
    ]
  }

  @Test("A file that names os.system is refused, and nothing is run")
  func refusesCallables() throws {
    let folder = try TemporaryFolder()
    let target = "\(folder.path)/owned"
    for (name, bytes) in attacks(target) {
      let path = try folder.write(bytes, as: "model.pkl")
      let error = #expect(throws: ModelLoadError.self, "\(name)") {
        _ = try ClassicRuntime().load(path: path, options: LoadOptions())
      }
      #expect(error?.code == .unsafeContent, "\(name)")
      #expect(error?.message.contains("nothing in it was run") == true)
      #expect(!Files.exists(target), "\(name)")
    }
  }

  @Test("An attack inside a joblib object array is refused as well")
  func refusesNestedAttack() throws {
    let inner = PickleBuilder.make {
      $0.global("subprocess", "Popen")
      $0.text("id")
      $0.add(0x85)
      $0.add(0x52)
    }
    let outer = PickleBuilder.make {
      $0.global("joblib.numpy_pickle", "NumpyArrayWrapper")
      $0.add(0x29)
      $0.add(0x81)
      $0.add(0x7d)
      $0.add(0x28)
      $0.text("shape")
      $0.integer(1)
      $0.add(0x85)
      $0.text("dtype")
      $0.global("numpy", "dtype")
      $0.text("O8")
      $0.add(0x85)
      $0.add(0x52)
      $0.add(0x75)
      $0.add(0x62)
      for byte in inner { $0.add(byte) }
    }
    let error = #expect(throws: PickleError.self) { try PickleMachine.read(outer) }
    guard case .refused(_, "subprocess.Popen")? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("An estimator without a native predictor is named, with what is supported")
  func namesUnsupportedEstimators() throws {
    let folder = try TemporaryFolder()
    let bytes = PickleBuilder.make {
      $0.global("sklearn.cluster._optics", "OPTICS")
      $0.add(0x29)
      $0.add(0x81)
    }
    let path = try folder.write(bytes, as: "model.joblib")
    let error = #expect(throws: ModelLoadError.self) {
      _ = try ClassicRuntime().load(path: path, options: LoadOptions())
    }
    #expect(error?.code == .unsupportedEstimator)
    #expect(error?.message.contains("sklearn.cluster._optics.OPTICS") == true)
    #expect(error?.message.contains("forests") == true)
  }

  @Test("Persistent ids, extension codes and out-of-band buffers are errors, not guesses")
  func refusesOutsideReferences() {
    let streams: [Bytes] = [
      Bytes("Pid\n.".utf8), [0x4e, 0x51, 0x2e], [0x82, 1, 0x2e], [0x83, 1, 0, 0x2e],
      [0x84, 1, 0, 0, 0, 0x2e],
      [0x97, 0x2e], [0x98, 0x2e],
    ]
    for stream in streams {
      #expect {
        try PickleMachine.read(stream)
      } throws: { error in
        if case .unsupported = error as? PickleError { return true }
        return false
      }
    }
  }
}
