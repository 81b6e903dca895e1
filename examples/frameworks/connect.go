package main

import (
	"context"
	"errors"
	"net/http"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/allauth-go/allauth"
)

// whoAmI is a procedure. Those of a real service come from its generated code.
const whoAmI = "/members.v1.Members/WhoAmI"

// withConnect serves a procedure by the protocols Connect, gRPC-Web and gRPC. Apps send their
// token in the header X-Session-Token, or an access token in Authorization; browsers
// send their cookie.
func withConnect(auth *allauth.Auth) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_allauth/", auth)
	members := connect.WithInterceptors(requireLogin(auth))
	mux.Handle(whoAmI, auth.ProtectForms(connect.NewUnaryHandler(whoAmI, func(ctx context.Context, _ *connect.Request[emptypb.Empty]) (*connect.Response[wrapperspb.StringValue], error) {
		user, _ := auth.UserFrom(ctx)
		return connect.NewResponse(wrapperspb.String(user.ID)), nil
	}, members)))
	return auth.Middleware(mux)
}

// requireLogin is RequireLogin with the errors of Connect.
func requireLogin(auth *allauth.Auth) connect.UnaryInterceptorFunc {
	return func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
			if _, ok := auth.UserFrom(ctx); !ok {
				return nil, connect.NewError(connect.CodeUnauthenticated, errors.New("log in first"))
			}
			return next(ctx, r)
		}
	}
}
