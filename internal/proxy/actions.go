package proxy

import (
	"context"
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"github.com/oapi-codegen/runtime"
)

// An Action answers one operation. Its arguments, including those of the path, are named as in the
// spec and must have been validated. The caller closes the Result.
type Action func(ctx context.Context, arguments url.Values) (*Result, error)

// Actions returns every action by operationId, for transports that do not use the generated server.
func (p *Proxy) Actions() map[string]Action {
	return map[string]Action{
		"GetAccountBalance":         action(p.GetAccountBalance),
		"GetActivity":               action(p.GetActivity),
		"GetAllCustomers":           action(p.GetAllCustomers),
		"GetCustomerDetails":        action(p.GetCustomerDetails),
		"GetCustomerOrders":         action(p.GetCustomerOrders),
		"GetCustomerProducts":       action(p.GetCustomerProducts),
		"GetCustomerSubscription":   action(p.GetCustomerSubscription),
		"GetInvoice":                action(p.GetInvoice),
		"GetInvoiceStatement":       action(p.GetInvoiceStatement),
		"GetInvoices":               action(p.GetInvoices),
		"GetOrder":                  action(p.GetOrder),
		"GetSubscription":           action(p.GetSubscription),
		"ListCustomersForPicker":    action(p.ListCustomersForPicker),
		"ListInvoicesForPicker":     action(p.ListInvoicesForPicker),
		"ListOrdersForPicker":       action(p.ListOrdersForPicker),
		"ListProductTypesForPicker": action(p.ListProductTypesForPicker),
		"ListRenewals":              action(p.ListRenewals),
		"OnActivity":                action(p.OnActivity),
	}
}

// action converts a method of the generated server's interface to an Action.
func action[Request, Response any](method func(context.Context, Request) (Response, error)) Action {
	return func(ctx context.Context, arguments url.Values) (*Result, error) {
		var request Request
		if err := bind(reflect.ValueOf(&request).Elem(), arguments); err != nil {
			return nil, err
		}
		response, err := method(ctx, request)
		if err != nil {
			return nil, err
		}
		return any(response).(*Result), nil
	}
}

// bind sets the fields of a generated request object from the arguments with their JSON names, as
// the generated server does: path parameters are fields of the object, query parameters are fields
// of its Params.
func bind(request reflect.Value, arguments url.Values) error {
	for i := range request.NumField() {
		field, described := request.Field(i), request.Type().Field(i)
		if described.Name == "Params" {
			if err := bind(field, arguments); err != nil {
				return err
			}
			continue
		}
		name, _, _ := strings.Cut(described.Tag.Get("json"), ",")
		if !arguments.Has(name) {
			continue
		}
		if field.Kind() == reflect.Pointer {
			field.Set(reflect.New(field.Type().Elem()))
			field = field.Elem()
		}
		if err := runtime.BindStringToObject(arguments.Get(name), field.Addr().Interface()); err != nil {
			return fmt.Errorf("bind %s: %w", name, err)
		}
	}
	return nil
}
