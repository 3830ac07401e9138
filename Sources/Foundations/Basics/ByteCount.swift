/// Byte counts under names; keeps limits readable.
public enum ByteCount {
  public static let kibibyte = 1 << 10
  public static let mebibyte = 1 << 20
  public static let gibibyte = 1 << 30
}
