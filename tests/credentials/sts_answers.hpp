#ifndef FARGATE_TESTS_CREDENTIALS_STS_ANSWERS_HPP
#define FARGATE_TESTS_CREDENTIALS_STS_ANSWERS_HPP

#include <string>

namespace testing_support {

/// STS's answer with the key `id`, `secret-id`, `token-id`, that ends an hour after the manual clock's start.
inline std::string role_answer(std::string const& operation, std::string const& id) {
    return "<" + operation + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" + operation +
           "Result><AssumedRoleUser><AssumedRoleId>AROA:s</AssumedRoleId>"
           "<Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn></AssumedRoleUser><Credentials><AccessKeyId>" +
           id + "</AccessKeyId><SecretAccessKey>secret-" + id + "</SecretAccessKey><SessionToken>token-" + id +
           "</SessionToken><Expiration>2024-01-02T04:04:05Z</Expiration></Credentials></" + operation + "Result></" +
           operation + "Response>";
}

inline std::string refusal_of_sts(std::string const& code, std::string const& message) {
    return "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>" +
           code + "</Code><Message>" + message + "</Message></Error><RequestId>req-1</RequestId></ErrorResponse>";
}

} // namespace testing_support

#endif
