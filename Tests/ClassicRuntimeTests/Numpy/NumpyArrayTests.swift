internal import Basics
@testable internal import ClassicRuntime
internal import Testing

@Suite("numpy arrays")
struct NumpyArrayTests {
  private func array(_ code: String, _ shape: [Int], _ bytes: Bytes, fortran: Bool = false) throws
    -> NumpyArray
  {
    let dtype = try #require(NumpyDType(code: code))
    return try #require(
      NumpyArray(dtype: dtype, shape: shape, isFortranOrder: fortran, storage: .raw(bytes[...])))
  }

  @Test("Both byte orders and all widths decode")
  func numbers() throws {
    #expect(try array("<i2", [2], [0xff, 0xff, 0x01, 0x00]).integers() == [-1, 1])
    #expect(try array(">i4", [1], [0xff, 0xff, 0xff, 0xfe]).integers() == [-2])
    #expect(try array("|u1", [2], [0, 255]).doubles() == [0, 255])
    #expect(try array("|b1", [2], [0, 1]).integers() == [0, 1])
    #expect(try array("<f4", [1], [0, 0, 0x80, 0x3f]).doubles() == [1])
    #expect(try array(">f8", [1], [0x3f, 0xf0, 0, 0, 0, 0, 0, 0]).doubles() == [1])
    #expect(try array("<f2", [1], [0x00, 0x3c]).doubles() == [1])
    #expect(try array("<u8", [1], Bytes(repeating: 0xff, count: 8)).integers() == nil)
  }

  @Test("Fortran order reads as rows")
  func fortranOrder() throws {
    // [[1, 2, 3], [4, 5, 6]] by columns.
    #expect(try array("|i1", [2, 3], [1, 4, 2, 5, 3, 6], fortran: true).integers() == [1, 2, 3, 4, 5, 6])
    #expect(try array("|i1", [2, 3], [1, 2, 3, 4, 5, 6]).integers() == [1, 2, 3, 4, 5, 6])
    #expect(try array("|i1", [2, 0], [], fortran: true).integers() == [])
  }

  @Test("Text loses its trailing NULs only")
  func text() throws {
    #expect(
      try array("<U2", [2], [0x61, 0, 0, 0, 0, 0, 0, 0, 0xe9, 0, 0, 0, 0x62, 0, 0, 0]).strings() == [
        "a", "éb",
      ])
    #expect(try array("|S3", [1], [0x61, 0x62, 0]).strings() == ["ab"])
    #expect(try array("<U1", [1], [0, 0xd8, 0, 0]).strings() == nil)
  }

  @Test("A storage of another size makes no array")
  func sizes() throws {
    let dtype = try #require(NumpyDType(code: "<f8"))
    let storage = NumpyArray.Storage.raw(Bytes(repeating: 0, count: 16)[...])
    for shape in [[1], [3], [-1], [Int.max, Int.max], [Int.max]] {
      #expect(NumpyArray(dtype: dtype, shape: shape, isFortranOrder: false, storage: storage) == nil)
    }
    #expect(NumpyDType(code: "i3") == nil)
    #expect(NumpyDType(code: "f99999999999999999999") == nil)
    #expect(NumpyDType(code: "") == nil)
    #expect(NumpyDType(code: "q8") == nil)
  }
}
