import AdminAPI
import AdminClient

extension AdminResources {
    /// Creates an object, and never replaces one.
    ///
    /// - Parameters:
    ///   - request: a PUT of the object.
    ///   - what: the object, for the error: `server app1`.
    ///   - hint: the command that changes an object that exists already.
    func create(_ request: AdminRequest, _ what: String, hint: String) async throws -> ChangeReport {
        var request = request
        request.onlyWhenAbsent = true
        do {
            return try await value(request)
        } catch let error as CommandError where error.status == 412 {
            throw CommandError("\(what) exists already", hint: hint, status: error.status)
        }
    }

    /// Replaces an object, and never creates one.
    ///
    /// - Parameters:
    ///   - request: a PUT of the object.
    ///   - what: the object, for the error: `location tcn`.
    ///   - hint: the command that creates it.
    func replace(_ request: AdminRequest, _ what: String, hint: String) async throws -> ChangeReport {
        var request = request
        request.add(APIHeader.ifMatch, "*")
        do {
            return try await value(request)
        } catch let error as CommandError where error.status == 412 {
            throw CommandError("there is no \(what)", hint: hint, status: error.status)
        }
    }
}
