import allauth.ApiClient;
import allauth.ApiException;
import allauth.api.LoginAndSignUpApi;
import allauth.api.SessionApi;
import allauth.model.AuthenticatedAnswer;
import allauth.model.EndSessionsRequest;
import allauth.model.LogInByEmail;
import allauth.model.LogInRequest;
import allauth.model.Session;
import allauth.model.SignUpRequest;
import allauth.model.UnauthenticatedAnswer;
import java.util.List;

/** Signs up, logs in again, and ends the first session, by the generated client of an app. */
public class Login {
    private static final String APP = "app";
    private static final String EMAIL = "java@example.org";
    private static final String PASSWORD = "correct horse battery";

    public static void main(String[] arguments) throws Exception {
        ApiClient client = new ApiClient();
        client.updateBaseUri(arguments[0]);
        LoginAndSignUpApi accounts = new LoginAndSignUpApi(client);

        AuthenticatedAnswer created = accounts.signUp(APP, new SignUpRequest().email(EMAIL).password(PASSWORD));
        long userId = created.getData().getUser().getId().getLong();
        check(EMAIL.equals(created.getData().getUser().getEmail()), "the new user is " + created);

        LogInRequest credentials = new LogInRequest(new LogInByEmail().email(EMAIL).password(PASSWORD));
        AuthenticatedAnswer answer = accounts.logIn(APP, credentials);
        check(answer.getData().getUser().getId().getLong() == userId, "the user is " + answer);
        check(answer.getData().getMethods().size() == 1, "the methods are " + answer);
        client.setRequestInterceptor(request -> request.setHeader("X-Session-Token", answer.getMeta().getSessionToken()));
        SessionApi sessions = new SessionApi(client); // it copies the interceptor

        List<Session> all = sessions.listSessions(APP).getData();
        check(all.size() == 2 && !all.get(0).getId().equals(all.get(1).getId()), "the sessions are " + all);
        Session first = all.stream().filter(session -> !session.getIsCurrent()).findFirst().orElseThrow();
        all = sessions.endSessions(APP, new EndSessionsRequest().sessions(List.of(first.getId()))).getData();
        check(all.size() == 1 && all.get(0).getIsCurrent(), "the remaining sessions are " + all);

        try {
            sessions.logOut(APP);
            throw new IllegalStateException("a logout is answered with 401");
        } catch (ApiException e) {
            check(e.getCode() == 401, "the status of a logout is " + e.getCode());
            UnauthenticatedAnswer anonymous = client.getObjectMapper().readValue(e.getResponseBody(), UnauthenticatedAnswer.class);
            check(!anonymous.getData().getFlows().isEmpty(), "the flows are " + anonymous);
        }
        System.out.println("a Java client logged in user " + userId);
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(otherwise);
        }
    }
}
