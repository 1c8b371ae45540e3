import NIOSSL
import ServiceSupport
import Text

extension NoticeChannelSettings {
    /// Reads a secret; line ends at its end do not count.
    ///
    /// Throws `SettingsError` with the channel's place.
    func secret(_ path: String, _ key: String) throws(SettingsError) -> [UInt8] {
        var bytes = try content(path, key)
        while bytes.last == UInt8(ascii: "\n") || bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        return bytes
    }

    /// Reads `ca-file`, if there is one.
    ///
    /// Throws `SettingsError` with the channel's place.
    func authorities() throws(SettingsError) -> [UInt8]? {
        guard let path = caFile else { return nil }
        let bytes = try content(path, "ca-file")
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
            throw SettingsError("\(place): ca-file \(path.printable): there is no certificate (PEM) in it")
        }
        return bytes
    }

    private func content(_ path: String, _ key: String) throws(SettingsError) -> [UInt8] {
        do {
            guard let bytes = try Files.read(path, limit: 1 << 20) else {
                throw SettingsError("\(place): \(key) \(path.printable) is not there")
            }
            return bytes
        } catch let error as FileError {
            throw SettingsError("\(place): \(key) \(error)")
        } catch let error as SettingsError {
            throw error
        } catch {
            throw SettingsError("\(place): \(key) \(error)")
        }
    }
}
