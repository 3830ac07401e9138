import Basics

/// Tar archives as tests want them, the broken ones too.
enum TestArchive {
  struct Entry {
    var name: String
    var content = ""
    /// `0` file, `1` hard link, `2` symbolic link, `3` device, `5` folder.
    var type: Character = "0"
    var target = ""
  }

  /// POSIX ustar.
  static func tar(_ entries: [Entry]) -> Bytes {
    var bytes = Bytes()
    for entry in entries {
      var header = Bytes(repeating: 0, count: 512)
      func put(_ text: String, at offset: Int) {
        for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
      }
      let content = Bytes(entry.content.utf8)
      put(entry.name, at: 0)
      put("0000644\0", at: 100)
      put("0000000\0", at: 108)
      put("0000000\0", at: 116)
      put(octal(content.count, digits: 11), at: 124)
      put("00000000000\0", at: 136)
      put("        ", at: 148)
      put(String(entry.type), at: 156)
      put(entry.target, at: 157)
      put("ustar\u{0}00", at: 257)
      put(octal(header.reduce(0) { $0 + Int($1) }, digits: 6) + "\0 ", at: 148)
      bytes += header + content + Bytes(repeating: 0, count: (512 - content.count % 512) % 512)
    }
    return bytes + Bytes(repeating: 0, count: 1024)
  }

  private static func octal(_ number: Int, digits: Int) -> String {
    let text = String(number, radix: 8)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
